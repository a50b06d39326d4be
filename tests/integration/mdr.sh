#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dp-mdr against a brute-force search that shares no code with it, for every combination of small
# cohorts; the same bytes whatever the kernel, threads, tiles, pruning, format, place and however
# often it was killed; planted combinations first; bad input refused.
#
# usage: mdr.sh [all]   `all`: many more cohorts and kills

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

extent=${1:-some}
built dp-mdr datasets/generate_cohort
for program in bcftools bgzip plink1.9 /usr/bin/python3; do
    command -v "$program" >/dev/null || cannot "$program is not installed"
done
oracle() { "$top/tests/mdr_oracle.py" "$@"; }
compare() { "$top/tests/integration/mdr_compare.py" "$@"; }
mkdir -p "$work/data" && cd "$work/data" || cannot "no folder"

# Every kernel that this machine has. The generic one always runs, and so does AVX2 where it can.
kernels=
for kernel in generic avx2 avx512 neon; do
    generate_cohort --samples 20 --variants 3 --bfile k
    if dp-mdr --bfile k --folds 2 --kernel $kernel -o k.tsv --force 2>words; then
        kernels="$kernels $kernel"
    else
        check "kernel $kernel: refused with a reason" grep -q "^dp-mdr: .*$kernel" words
    fi
done
case $kernels in *generic*) pass ;; *) fail "the generic kernel does not run" ;; esac
if grep -qw avx2 /proc/cpuinfo; then
    case $kernels in *avx2*) pass ;; *) fail "the AVX2 kernel does not run" ;; esac
fi
echo "kernels:$kernels"

# search OUT ARGUMENT...: a search whose output replaces OUT.
search() {
    local out=$1
    shift
    dp-mdr -o "$out" --force "$@" 2>words || { fail "dp-mdr $*: $(tail -n 1 words)"; rm -f "$out"; return 1; }
}

# judged LABEL FOLDS ORDER GENERATE_ARGUMENT...: all combinations of a cohort, with every kernel.
judged() {
    local label=$1 folds=$2 order=$3 kernel
    shift 3
    generate_cohort --bfile c --vcf c.vcf --pheno c.tsv "$@" || { fail "generate_cohort $*"; return; }
    oracle --vcf c.vcf --pheno c.tsv --folds "$folds" --seed 3 --write-folds c.folds --order "$order" \
        >want || fail "$label: oracle"
    for kernel in $kernels; do
        search "$kernel.tsv" --vcf c.vcf --pheno c.tsv --folds "$folds" --seed 3 --order "$order" \
            --all --threshold 0 --write-folds have.folds --kernel "$kernel" || return
        check "$label: folds" cmp -s <(grep -v '^#' have.folds) c.folds
        check "$label, $kernel: as by brute force" compare "$kernel.tsv" want
        check "$label, $kernel: as with the generic kernel" cmp -s generic.tsv "$kernel.tsv"
    done
}

# --------------------------------------------------------------------------------- brute force

# The comparison itself must see a difference in the last digit, a row that is missing, an order.
generate_cohort --samples 60 --variants 6 --vcf c.vcf --pheno c.tsv
oracle --vcf c.vcf --pheno c.tsv --folds 3 --write-folds c.folds >want
search have --vcf c.vcf --pheno c.tsv --folds 3 --seed 1 --all --threshold 0
check "a small cohort" compare have want
blind() { compare "$1" want 2>/dev/null; }
awk -F '\t' -v OFS='\t' 'NR == 5 { $9 = sprintf("%.10f", $9 + 1e-10) } 1' have >bad
check "the comparison sees one digit" test -z "$(blind bad && echo blind)"
sed '$d' have >bad
check "the comparison sees a missing row" test -z "$(blind bad && echo blind)"
awk 'NR == 3 { kept = $0; next } 1; NR == 4 { print kept }' have >bad
check "the comparison sees the order" test -z "$(blind bad && echo blind)"
sed 's/H$/L/; t; s/L$/H/' have >bad
check "the comparison sees a label" test -z "$(blind bad && echo blind)"

#      label                 folds order
judged "10 samples"              2 2 --samples 10 --variants 12
judged "11 samples, holes"       3 2 --samples 11 --cases 4 --variants 16 --missing 0.2
judged "16 samples"              2 2 --samples 16 --variants 12 --seed 2
judged "200 samples"             5 2 --samples 200 --variants 40 --maf 0,0.5
judged "203 samples, 1:9"        5 2 --samples 203 --cases 20 --variants 40 --missing 0.05
judged "300 samples, 20 folds"  20 2 --samples 300 --cases 30 --variants 30 --missing 0.3
judged "64 in a segment"         2 2 --samples 256 --variants 35 --seed 4
judged "9:1"                    10 2 --samples 1001 --cases 900 --variants 33 --missing 0.01
judged "5,000 samples"           5 2 --samples 5000 --variants 10 --missing 0.02 --maf 0.01,0.5
judged "33,000 samples"          2 2 --samples 33000 --cases 32000 --variants 6
judged "70,000 samples"          2 2 --samples 70000 --variants 5
judged "70,000 samples, holes"   5 2 --samples 70000 --cases 7000 --variants 5 --missing 0.3
judged "triples"                 5 3 --samples 120 --cases 50 --variants 13
judged "triples, holes, 1:9"     4 3 --samples 300 --cases 30 --variants 13 --missing 0.1
judged "triples, 20,000 samples" 3 3 --samples 20000 --cases 2000 --variants 5 --missing 0.05

if [ "$extent" = all ]; then
    for samples in 10 21 37 64 333 1128 5000 16400 40000 70000; do
        variants=$((samples < 400 ? 40 : samples < 6000 ? 16 : 6))
        for part in 2 10; do
            cases=$((samples / part))
            for missing in 0 0.01 0.05 0.3; do
                for folds in 2 5 20; do
                    [ "$cases" -ge "$folds" ] || continue
                    judged "$samples samples, $cases cases, $missing missing, $folds folds" "$folds" 2 \
                        --samples "$samples" --cases "$cases" --missing "$missing" \
                        --variants "$variants" --seed $((samples + folds)) --maf 0.01,0.5
                done
            done
        done
    done
    for samples in 20 129 1000 70000; do
        for missing in 0 0.2; do
            for cases in $((samples / 2)) $((samples / 10)); do
                judged "triples of $samples samples, $cases cases, $missing missing" 2 3 --samples "$samples" \
                    --cases "$cases" --missing "$missing" --variants $((samples < 200 ? 14 : 5))
            done
        done
    done
    for folds in 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        judged "$folds folds" "$folds" 2 --samples 400 --cases 150 --variants 20 --missing 0.1 --seed "$folds"
    done
fi

# Folds as somebody else deals them, of very different sizes.
generate_cohort --samples 400 --cases 120 --variants 25 --missing 0.1 --vcf c.vcf --pheno c.tsv
awk '{ print $1 "\t" (NR % 50 < 3 ? 1 : NR % 7 == 0 ? 2 : 3) }' c.tsv >c.folds
oracle --vcf c.vcf --pheno c.tsv --fold-file c.folds >want
search have --vcf c.vcf --pheno c.tsv --fold-file c.folds --all --threshold 0
check "folds from a file" compare have want

# Exact ties: few samples, so few different scores, in folds whose quotients doubles round and add
# up to different sums. And thresholds that are scores, written out: halves of halves.
# tied LABEL ORDER: c.vcf with the folds of c.folds.
tied() {
    local label=$1 order=$2 kernel count
    oracle --vcf c.vcf --pheno c.tsv --fold-file c.folds --order "$order" >want || fail "$label: oracle"
    check "$label: there are ties" test "$(tail -n +2 want | cut -f $((3 + 3 * order)) | uniq -d | wc -l)" -gt 2
    for kernel in $kernels; do
        search have --vcf c.vcf --pheno c.tsv --fold-file c.folds --order "$order" --kernel "$kernel" \
            --all --threshold 0
        check "$label, $kernel: ties" compare have want
        for count in 1 10 100; do
            search top.tsv --vcf c.vcf --pheno c.tsv --fold-file c.folds --order "$order" --kernel "$kernel" --top $count
            check "$label, $kernel: the first $count" cmp -s top.tsv <(head -n $((count + 1)) have)
        done
    done
}
# folds_of SIZE...: so many of each class in each fold; the last one gets all others.
folds_of() {
    awk -v sizes="$*" 'BEGIN { folds = split(sizes, size, " ") } {
        n = at[$2]++
        for (f = 1; f < folds && n >= size[f]; f++)
            n -= size[f]
        print $1 "\t" f
    }' c.tsv >c.folds
}
for missing in 0 0.1; do
    generate_cohort --samples 56 --cases 28 --variants 24 --missing $missing --vcf c.vcf --pheno c.tsv
    for sizes in "3 7 7 11" "9 3 9 7" "5 5 5 6 7" "1 13 13 1" "2 3 2 3 2 3 2 3 2 3 3"; do
        # shellcheck disable=SC2086
        folds_of $sizes
        tied "folds of $sizes, $missing missing" 2
    done
    [ "$extent" != all ] || tied "triples, $missing missing" 3
done
generate_cohort --samples 48 --cases 24 --variants 24 --vcf c.vcf --pheno c.tsv
folds_of 8 4 8 4
oracle --vcf c.vcf --pheno c.tsv --fold-file c.folds >want
for score in $(tail -n +2 want | cut -f 9 | sort -u | awk 'NR % 7 == 0'); do
    for threshold in "$score" "$(printf '%-019s' "$score" | tr ' ' 0 | sed 's/0$/1/')"; do
        oracle --vcf c.vcf --pheno c.tsv --fold-file c.folds --threshold "$threshold" >want
        search have --vcf c.vcf --pheno c.tsv --fold-file c.folds --all --threshold "$threshold"
        check "a threshold of exactly $threshold" test "$(wc -l <have)" = "$(wc -l <want)"
        [ "$(wc -l <want)" = 1 ] || check "over $threshold" compare have want
    done
done
same "the last digit of a threshold tells" "$(
    for digit in 0 1; do
        dp-mdr -q --vcf c.vcf --pheno c.tsv --fold-file c.folds -o - --all --threshold "$(printf '%-018s' "$score" |
            tr ' ' 0)$digit" | tail -n +2 | cut -f 9 | grep -cx "$score"
    done | awk '{ print ($1 > 0) }' | paste -sd' ')" "1 0"

# ------------------------------------------------------------------------- what is asked for

generate_cohort --samples 400 --cases 120 --variants 25 --missing 0.1 --vcf c.vcf --pheno c.tsv
awk '{ print $1 "\t" (NR % 50 < 3 ? 1 : NR % 7 == 0 ? 2 : 3) }' c.tsv >c.folds
search all.tsv --vcf c.vcf --pheno c.tsv --fold-file c.folds --all --threshold 0
for k in 1 7 299 300 5000; do
    search top.tsv --vcf c.vcf --pheno c.tsv --fold-file c.folds --top $k
    check "--top $k: the first rows of all" cmp -s top.tsv <(head -n $((k + 1)) all.tsv)
done
oracle --vcf c.vcf --pheno c.tsv --fold-file c.folds >want
for threshold in 0.4 0.5 0.53 0.9; do
    search over.tsv --vcf c.vcf --pheno c.tsv --fold-file c.folds --all --threshold $threshold
    rows=$(awk -F '\t' -v at=$threshold 'NR > 1 && $9 >= at' want | wc -l)
    check "--threshold $threshold: the first $rows of all" cmp -s over.tsv <(head -n $((rows + 1)) all.tsv)
done
sed 's/\t1$/\t0/; s/\t2$/\t1/' c.tsv >01.tsv.in
search 01.tsv --vcf c.vcf --pheno 01.tsv.in --01 --fold-file c.folds --all --threshold 0
check "--01" cmp -s all.tsv 01.tsv

# Filters, by the same figures.
generate_cohort --samples 150 --variants 40 --missing 0.08 --maf 0.01,0.5 --vcf f.vcf --pheno f.tsv
awk -F '\t' -v OFS='\t' '!/^#/ { $7 = NR % 3 ? "PASS" : "q10" } 1' f.vcf >filtered.vcf
awk '{ print $1 "\t" 1 + NR % 4 }' f.tsv >f.folds
for filter in "--maf 0.1" "--max-missing 0.07" "--pass" "--hwe 0.3" "--maf 0.2 --max-missing 0.1 --pass --hwe 0.1"; do
    # shellcheck disable=SC2086 # words
    oracle --vcf filtered.vcf --pheno f.tsv --fold-file f.folds $filter >want
    # shellcheck disable=SC2086
    search have --vcf filtered.vcf --pheno f.tsv --fold-file f.folds --all --threshold 0 $filter
    check "$filter" compare have want
done

# Spellings of genotypes; several alternate alleles; samples without a phenotype; no IDs.
/usr/bin/python3 - <<'END' >odd.vcf
import random
random.seed(5)
words = ["0/0", "0|1", "1|0", "1/1", "1|1", "0", "1", ".", "./.", ".|.", "0/.", "./1", "2/1", "0/2", "2|2"]
print("##fileformat=VCFv4.2\n##contig=<ID=1>")
for name in ("GT", "DP"):
    print(f'##FORMAT=<ID={name},Number=1,Type={"String" if name == "GT" else "Integer"},Description="x">')
print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", *(f"p{i}" for i in range(90)), sep="\t")
for site in range(24):
    two = site % 4 == 0
    cells = [random.choice(words[:15 if two else 12]) + (":7" if random.random() < 0.7 else "")
             for _ in range(90)]
    print(1, 100 + site, "." if site % 5 == 0 else f"rs{site}", "A", "C,G" if two else "T", ".", "PASS", ".",
          "GT:DP", *cells, sep="\t")
END
for i in $(seq 0 94); do
    case $i in 3 | 50) echo "p$i	-9" ;; 7) ;; 8) echo "p$i	NA" ;; *) echo "p$i	$((1 + i % 3 / 2))" ;; esac
done >odd.tsv
awk '{ print $1 "\t" 1 + int(NR / 3) % 3 }' odd.tsv >odd.folds
for way in split skip; do
    oracle --vcf odd.vcf --pheno odd.tsv --fold-file odd.folds --multiallelic $way >want
    search have --vcf odd.vcf --pheno odd.tsv --fold-file odd.folds --multiallelic $way --all --threshold 0
    check "genotypes in many spellings, --multiallelic $way" compare have want
done

# Dosages and probabilities, as text and as BCF, surer and less sure; odd threads cut them otherwise.
"$top/tests/integration/mdr_dosages.py" 240 30 3 >doses.vcf
bcftools view --no-version -O b -o doses.bcf doses.vcf 2>words || fail "doses.bcf: $(tail -n 1 words)"
awk 'BEGIN { for (i = 0; i < 240; i++) print "p" i "\t" 1 + (i % 3 == 0) }' >doses.tsv
for field in GT DS GP; do
    for certainty in 0.51 0.9 1; do
        oracle --vcf doses.vcf --pheno doses.tsv --folds 4 --seed 2 --field $field --certainty $certainty >want
        for file in doses.vcf doses.bcf; do
            search have --vcf $file --pheno doses.tsv --folds 4 --seed 2 --field $field --certainty $certainty --all
            check "$file: $field, $certainty" compare have want
        done
    done
done

# ------------------------------------------------------------------------------- symmetries

# The variants in reverse order: the same figures for the same two.
for order in 2 3; do
    count=$((order == 2 ? 60 : 16))
    for way in "" --reverse; do
        generate_cohort --samples 333 --cases 60 --variants $count --missing 0.07 --bfile "way$way" $way
        search "way$way.tsv" --bfile "way$way" --folds 5 --seed 1 --order $order --all --threshold 0
    done
    check "order $order: variants in reverse order" compare --mirror $count way.tsv way--reverse.tsv
done

# Samples in another order, with the folds from a file and dealt from a seed (by ID).
bcftools query -l c.vcf | sort -R --random-source=c.vcf >names
check "the samples are in another order" test "$(sum_of <names)" != "$(bcftools query -l c.vcf | sum_of)"
bcftools view --no-version -S names c.vcf >shuffled.vcf
search shuffled.tsv --vcf shuffled.vcf --pheno c.tsv --fold-file c.folds --all --threshold 0
check "samples in another order" cmp -s shuffled.tsv all.tsv
for file in c shuffled; do
    search "dealt-$file.tsv" --vcf $file.vcf --pheno c.tsv --folds 7 --seed 99 --write-folds $file.dealt
done
check "samples in another order, folds from a seed" cmp -s dealt-c.tsv dealt-shuffled.tsv
check "folds from a seed depend on IDs alone" cmp -s c.dealt shuffled.dealt
search given.tsv --vcf c.vcf --pheno c.tsv --fold-file c.dealt
check "folds written and read again" cmp -s given.tsv dealt-c.tsv

# --------------------------------------------------------------------------- planted comes first

# leads LABEL FOLDS IDS GENERATE_ARGUMENT... [-- ARGUMENT...]
leads() {
    local label=$1 folds=$2 ids=$3 made=() order
    shift 3
    order=$(wc -w <<<"$ids")
    while [ $# -gt 0 ] && [ "$1" != -- ]; do made+=("$1"); shift; done
    generate_cohort "${made[@]}" --bfile planted
    search planted.tsv --bfile planted --folds "$folds" --seed 5 --order "$order" --top 5 "${@:2}"
    same "$label" "$(/usr/bin/python3 - planted.tsv "$order" <<'END'
import csv, sys
first = next(csv.DictReader(open(sys.argv[1]), delimiter="\t"))
print(*(first[f"id{n}"] for n in range(1, int(sys.argv[2]) + 1)), first["cvc"])
END
)" "$ids $folds"
}
for seed in 1 2 3; do
    for folds in 5 10; do
        leads "the published two-way model, seed $seed, $folds folds" $folds "rs1006 rs1013" --gametes --seed $seed
    done
done
leads "xor" 5 "rs1012 rs1345" --model xor --samples 2000 --variants 400 --plant 13,346
leads "threshold, 1:9, holes" 5 "rs1000 rs1299" --model threshold --samples 4000 --cases 400 --variants 300 \
    --plant 1,300 --missing 0.05
leads "a table, of cases mostly" 5 "rs1050 rs1051" --model 0,0,1,0,0.5,0,1,0,0 --model-maf 0.5 --samples 1000 \
    --cases 800 --variants 300 --plant 51,52
leads "three variants" 5 "rs1003 rs1020 rs1038" --model xor3 --samples 2000 --variants 40 --plant 4,21,39

# Permutations: the planted pair beats all of them, the next one does not. And the summary.
generate_cohort --gametes --bfile planted
search planted.tsv --bfile planted --permutations 19 --maf 0.01
same "p of the planted pair and of the next" "$(/usr/bin/python3 - <<'END'
import csv
rows = list(csv.DictReader(open("planted.tsv"), delimiter="\t"))
print(rows[0]["permutation_p"], float(rows[1]["permutation_p"]) > 0.05)
END
)" "0.05 True"
same "the summary" "$(/usr/bin/python3 - <<'END'
import json
said = json.load(open("planted.json"))
print(said["samples"]["cases"], said["samples"]["controls"], said["variants"]["searched"],
      said["combinations"]["searched"], said["combinations"]["listed"], said["parameters"]["seed"])
END
)" "800 800 20 190 190 1"

# ----------------------------------------------------------------------------- the same bytes

# unchanged LABEL WANT ARGUMENT...
unchanged() {
    local label=$1 want=$2
    shift 2
    search again.tsv "$@" && check "$label: the same bytes" cmp -s again.tsv "$want"
}
generate_cohort --samples 600 --cases 200 --variants 700 --bfile m --vcf m.vcf.gz --pheno m.tsv --missing 0.03
generate_cohort --samples 600 --cases 200 --variants 700 --bfile w
for data in m w; do
    for order in 2 3; do
        common=(--bfile "$data" --folds 5 --seed 8 --order "$order" --top 500)
        [ $order = 2 ] || common+=(--maf 0.47)
        [ $data = m ] || [ $order = 3 ] || common+=(--permutations 3)
        search same.tsv "${common[@]}" --kernel generic -@ 1
        for kernel in $kernels; do
            for threads in 1 2 4; do
                unchanged "order $order, $kernel, $threads threads" same.tsv "${common[@]}" --kernel "$kernel" -@ $threads
            done
        done
        for tile in 32 50 512 4096; do
            unchanged "order $order, tiles of $tile" same.tsv "${common[@]}" --tile $tile -@ 2
        done
        unchanged "order $order, no pruning" same.tsv "${common[@]}" --no-prune -@ 2
        search bare.tsv "${common[@]}" --no-cvc -@ 1 --kernel generic
        for kernel in $kernels; do
            unchanged "order $order, no CVC, $kernel" bare.tsv "${common[@]}" --no-cvc -@ 2 --kernel "$kernel"
            unchanged "order $order, no CVC, no pruning, $kernel" bare.tsv "${common[@]}" --no-cvc --no-prune --kernel "$kernel"
        done
        common=(--bfile "$data" --folds 5 --seed 8 --order "$order" --all --threshold 0.54)
        [ $order = 2 ] || common+=(--maf 0.47)
        search same.tsv "${common[@]}" --kernel generic -@ 1
        unchanged "order $order, over a threshold" same.tsv "${common[@]}" --tile 64 -@ 4
    done
done

# Whatever the calls came in.
common=(--folds 5 --seed 8 --top 300 --pheno m.tsv)
bcftools view --no-version -O b -o m.bcf m.vcf.gz
bgzip -dc m.vcf.gz >m.vcf
gzip -c m.vcf >plain.vcf.gz
search same.tsv --vcf m.vcf "${common[@]}"
for file in m.vcf.gz m.bcf plain.vcf.gz; do
    unchanged "$file" same.tsv --vcf $file "${common[@]}" -@ 2
done
dp-index build -q m.vcf.gz
unchanged "m.vcf.gz with an index" same.tsv --vcf m.vcf.gz "${common[@]}" -@ 2
unchanged "a .bed" same.tsv --bfile m "${common[@]}"
unchanged "a .bed, phenotypes of its .fam" same.tsv --bfile m --folds 5 --seed 8 --top 300
# What another program reads in the .bed, and makes of a VCF.
plink1.9 --bfile m --keep-allele-order --recode vcf-iid --out read >words 2>&1 || fail "plink1.9 --recode"
unchanged "a .bed read by plink" same.tsv --vcf read.vcf "${common[@]}"
plink1.9 --vcf m.vcf --const-fid --keep-allele-order --make-bed --out made >words 2>&1 || fail "plink1.9 --make-bed"
unchanged "a .bed made by plink" same.tsv --bfile made "${common[@]}"
unchanged "planes while they are saved" same.tsv --vcf m.vcf.gz "${common[@]}" --save-planes m.dpg
unchanged "planes" same.tsv --planes m.dpg "${common[@]}"
unchanged "planes, 4 threads" same.tsv --planes m.dpg "${common[@]}" -@ 4

# ---------------------------------------------------------------------- killed at any moment

# Generic code on one thread is slow enough to be killed at work.
kills=$([ "$extent" = all ] && echo 20 || echo 5)
generate_cohort --samples 4000 --variants 8000 --bfile long
common=(--bfile long --folds 5 --seed 4 --all --threshold 0.535 --kernel generic --journal-seconds 0.1)
begin=$(date +%s%N)
search whole.tsv "${common[@]}" -@ 1
took=$((($(date +%s%N) - begin) / 1000000))
RANDOM=7
done_kills=0
rounds=0
while [ $done_kills -lt "$kills" ] && [ $rounds -lt 60 ]; do
    rounds=$((rounds + 1))
    rm -f killed.* journal*
    # A run goes on until it is through; each start but the last few is killed.
    while [ ! -e killed.tsv ]; do
        dp-mdr -o killed.tsv --journal journal "${common[@]}" -@ $((1 + RANDOM % 3)) 2>words &
        victim=$!
        if [ $done_kills -lt "$kills" ]; then
            after=$((RANDOM % (took + 1)))
            sleep "$((after / 1000)).$(printf %03d $((after % 1000)))"
            if kill -9 $victim 2>/dev/null; then done_kills=$((done_kills + 1)); fi
        fi
        wait $victim 2>/dev/null
        status=$?
        [ $status = 0 ] || [ $status = 137 ] || { fail "after a kill: exit $status: $(tail -n 1 words)"; break 2; }
    done
    check "killed and started again ($done_kills kills so far): the same bytes" cmp -s killed.tsv whole.tsv
done
same "kills" "$done_kills" "$kills"

# SIGTERM ends it in order; what it had done is done.
rm -f killed.* journal*
dp-mdr -o killed.tsv --journal journal "${common[@]}" -@ 1 2>words &
victim=$!
for _ in $(seq 3000); do
    if [ -s journal ]; then break; fi
    sleep 0.02
done
kill -TERM $victim
wait $victim
same "SIGTERM: exit status" "$?" 143
check "SIGTERM: no output" test ! -e killed.tsv
check "SIGTERM: a journal" test -s journal
cp journal journal.kept

# ------------------------------------------------------------------------------- bad input

# refused LABEL TEXT ARGUMENT...: exit status 1 to 3, one line that says TEXT, and no output; an
# output that is there stays as it was.
refused() {
    local label=$1 text=$2 status
    shift 2
    rm -rf out && mkdir out
    dp-mdr -o out/r.tsv "$@" >said 2>words </dev/null
    status=$?
    case $status in 1 | 2 | 3) pass ;; *) fail "$label: exit status $status" ;; esac
    check "$label: nothing on standard output" test ! -s said
    check "$label: '$(head -n 2 words)' says '$text'" grep -qiE -- "^dp-mdr: .*($text)" words
    check "$label: nothing written" test -z "$(ls out)"
}
refused "a journal of another seed" "another run|other parameters|journal" "${common[@]}" --seed 5 --journal journal
refused "a journal of other data" "another run|other parameters|journal" --bfile m --folds 5 --seed 4 \
    --all --threshold 0.53 --journal journal
check "journals of another run stay" cmp -s journal journal.kept
rm -f killed.*
dp-mdr -o killed.tsv --journal journal "${common[@]}" -@ 2 2>words
check "after SIGTERM: the same bytes" cmp -s killed.tsv whole.tsv

given=(--vcf c.vcf --pheno c.tsv --folds 5)
sed 's/^S/T/' c.tsv >other.tsv
refused "IDs that do not match" "none of its 400 IDs" --vcf c.vcf --pheno other.tsv
sed 's/\t2$/\t1/' c.tsv >one.tsv
refused "controls only" "case" --vcf c.vcf --pheno one.tsv
sed 's/\t1$/\t2/' c.tsv >one.tsv
refused "cases only" "control" --vcf c.vcf --pheno one.tsv
sed 's/\t2$/\tx/' c.tsv >odd-word.tsv
refused "a phenotype that is none" "line 1|phenotype|'x'" --vcf c.vcf --pheno odd-word.tsv
{ cat c.tsv; head -n 1 c.tsv; } >twice.tsv
refused "an ID twice among the phenotypes" "twice|already|once|duplicate" --vcf c.vcf --pheno twice.tsv
sed '/^#CHROM/s/S00000002/S00000001/' c.vcf >twice.vcf
refused "an ID twice in the VCF" "twice|already|once|duplicate|more than once" --vcf twice.vcf --pheno c.tsv
cp long.bim twice.bim; cp long.bed twice.bed; sed '2s/S00000002/S00000001/g' long.fam >twice.fam
refused "an ID twice in the .fam" "twice|already|once|duplicate" --bfile twice
awk -F '\t' -v OFS='\t' '!/^#/ { for (i = 10; i <= NF; i++) $i = "0/1" } 1' c.vcf >constant.vcf
refused "constant variants" "constant" --vcf constant.vcf --pheno c.tsv
head -n 8 c.tsv >few.tsv
refused "fewer samples than folds" "fold" --vcf c.vcf --pheno few.tsv --folds 7
refused "one fold" "fold" --vcf c.vcf --pheno c.tsv --folds 1
refused "21 folds" "fold" --vcf c.vcf --pheno c.tsv --folds 21
refused "order 4" "order" "${given[@]}" --order 4
refused "no such option" "option|--help" "${given[@]}" --no-such-option
refused "no such kernel" "kernel" "${given[@]}" --kernel mmx
refused "no VCF" "No such file" --vcf none.vcf --pheno c.tsv
refused "no phenotypes" "No such file" --vcf c.vcf --pheno none.tsv
refused "a VCF without phenotypes" "pheno" --vcf c.vcf
refused "two inputs" "vcf|bfile|one of" --vcf c.vcf --bfile m --pheno c.tsv
head -n 20 c.folds >short.folds
refused "a sample without a fold" "fold" --vcf c.vcf --pheno c.tsv --fold-file short.folds
head -c 20000 m.vcf.gz >cut.vcf.gz
refused "a cut .vcf.gz" "cut.vcf.gz" --vcf cut.vcf.gz --pheno m.tsv
head -c 30001 c.vcf >cut.vcf
refused "a cut VCF" "cut.vcf" --vcf cut.vcf --pheno c.tsv
head -c 30000 m.bcf >cut.bcf
refused "a cut BCF" "cut.bcf" --vcf cut.bcf --pheno m.tsv
head -c -28 m.bcf >ended.bcf
refused "a BCF without its EOF block" "ended.bcf: offset [0-9]*: no BGZF EOF block" --vcf ended.bcf --pheno m.tsv
cp m.bim cut.bim; cp m.fam cut.fam; head -c 30000 m.bed >cut.bed
refused "a cut .bed" "cut.bed" --bfile cut
awk -F '\t' -v OFS='\t' 'NR == 40 { $20 = "0/x" } 1' c.vcf >word.vcf
refused "a genotype that is none" "word.vcf.*(record|line)" --vcf word.vcf --pheno c.tsv
head -c 1000 m.dpg >cut.dpg
refused "cut planes" "cut.dpg" --planes cut.dpg --pheno m.tsv
/usr/bin/python3 - <<'END'
data = bytearray(open("m.dpg", "rb").read())
data[len(data) // 2] ^= 4
open("flipped.dpg", "wb").write(data)
END
refused "planes with a wrong bit" "flipped.dpg" --planes flipped.dpg --pheno m.tsv
cp m.vcf changed.vcf
search have --vcf changed.vcf --pheno m.tsv --save-planes changed.dpg
sed 's/0\/0/0\/1/' m.vcf >changed.vcf
refused "planes of another version" "changed.*made of other bytes" --planes changed.dpg --vcf changed.vcf --pheno m.tsv

# What is there stays, without --force.
echo precious >kept.tsv
dp-mdr -o kept.tsv "${given[@]}" >said 2>words
same "an output that exists: exit status" "$?" 1
same "an output that exists stays" "$(cat kept.tsv)" precious
check "an output that exists: said so" grep -q '^dp-mdr: .*kept.tsv' words
search kept.tsv "${given[@]}" && check "--force" test "$(head -c 4 kept.tsv)" = rank

# -------------------------------------------------------------------------------------- S3

serve rgw cohorts
export AWS_EC2_METADATA_DISABLED=true
s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }

# bytes_sent KEY: what the service has sent of an object so far, by its log.
bytes_sent() {
    awk -v key="/cohorts/$1" '{ for (i = 1; i < NF; i++) if ($i ~ /"GET$/ && index($(i + 1), key) == 1) sum += $(i + 4) }
        END { print sum + 0 }' "$work"/rgw/log/client.rgw.a.log
}
# all_logged KEY BYTES: the log comes behind the answers; waits until it tells of so many bytes at least
# and stands still.
all_logged() {
    local have=-1 before=-2 _
    for _ in $(seq 60); do
        [ "$have" != "$before" ] || [ "$have" -lt "$2" ] || return 0
        sleep 1.5
        before=$have
        have=$(bytes_sent "$1")
    done
    return 1
}
generate_cohort --samples 3000 --variants 6000 --vcf s.vcf.gz --bfile s --pheno s.tsv
bcftools view --no-version -O b -o s.bcf s.vcf.gz
common=(--folds 5 --seed 8 --top 300)
search same.tsv --vcf s.vcf.gz --pheno s.tsv "${common[@]}"
for file in s.vcf.gz s.bcf s.bed s.bim s.fam s.tsv; do
    s3 put $file cohorts $file || fail "$file: upload"
done
for file in s.vcf.gz s.bcf; do
    whole=$(stat -c %s $file)
    least=0
    for indexed in no yes; do
        if [ $indexed = yes ]; then
            least=$((before + moved + whole * 9 / 10))
            dp-index build -q s3://cohorts/$file
        fi
        check "$file, indexed: $indexed: all that was sent before is in the log" all_logged $file $least
        before=$(bytes_sent $file)
        begin=$(date +%s%N)
        unchanged "s3://, $file, indexed: $indexed" same.tsv --vcf s3://cohorts/$file --pheno s3://cohorts/s.tsv "${common[@]}" -@ 2
        took=$((($(date +%s%N) - begin) / 1000000 + 1))
        least=$((before + whole * 9 / 10))
        check "$file, indexed: $indexed: all that was sent is in the log" all_logged $file $least
        moved=$(($(bytes_sent $file) - before))
        echo "$file from S3, indexed: $indexed: $moved of $whole bytes fetched," \
            "$((6000 * 5999 / 2 / took * 1000)) pairs a second from the first request to the table"
        check "$file, indexed: $indexed: each byte about once" test $moved -ge $((whole * 9 / 10)) -a $moved -le $((whole * 11 / 10))
    done
done
unchanged "s3://, .bed" same.tsv --bfile s3://cohorts/s "${common[@]}" -@ 2

summary
