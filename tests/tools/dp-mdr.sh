#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dp-mdr: options, outputs, errors; the same bytes whatever the threads, tiles, kernels and kills.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

generate=$build/datasets/generate_cohort
"$generate" --samples 200 --cases 80 --variants 60 --missing 0.02 --model xor-strong --plant 7,40 \
    --vcf a.vcf.gz --pheno a.tsv --bfile a || exit 99

# column NAME FILE: the values of a column of a table.
column() {
    awk -F'\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$2"
}
planted() {
    zcat a.vcf.gz | awk '!/^#/ { if (++n == 7 || n == 40) print $3 }' | paste -sd' '
}

# --- a first search
ends 0 "pairs" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o a.out.tsv
says "200 samples: 80 cases, 120 controls" "samples are told"
says "60 of 60 variants" "variants are told"
says "1770 pairs searched, 1000 listed" "pairs are told"
same "lines" "$(wc -l <a.out.tsv)" 1001
same "columns" "$(head -n 1 a.out.tsv | cut -f 1-10 | tr '\t' ' ')" \
    "rank id1 id2 chrom1 pos1 chrom2 pos2 train_ba test_ba cvc"
same "the planted pair is the best" "$(sed -n 2p a.out.tsv | cut -f 2,3 | tr '\t' ' ')" "$(planted)"
same "in all folds" "$(column cvc a.out.tsv | head -n 1)" 5
check "ordered" sort -c -s -t$'\t' -k9,9gr <(tail -n +2 a.out.tsv)
same "ranks" "$(column rank a.out.tsv | awk '$1 != NR' | wc -l)" 0
same "every line has all columns" "$(awk -F'\t' '{ print NF }' a.out.tsv | sort -u | wc -l)" 1
check "a summary" grep -q '"searched": 1770' a.out.json
no "no journal is left" a.out.tsv.journal
cp a.out.tsv want.tsv
cp a.out.json want.json

# same_as NAME OPTION...: a search that must give the same bytes as the first.
same_as() {
    local name=$1
    shift
    ends 0 "$name" dp-mdr -q --force --vcf a.vcf.gz --pheno a.tsv -o b.out.tsv "$@"
    check "$name: table" cmp -s want.tsv b.out.tsv
    check "$name: summary" cmp -s want.json b.out.json
}
for threads in 1 2 4; do same_as "$threads threads" -@ $threads; done
for tile in 1 7 32 1000; do same_as "tiles of $tile" --tile $tile -@ 2; done
for kernel in generic avx2 avx512; do
    dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o - --kernel $kernel >b.tsv 2>err || {
        check "a kernel that is not there is named" grep -q "$kernel" err
        continue
    }
    check "kernel $kernel" cmp -s want.tsv b.tsv
done
same_as "without pruning" --no-prune
ends 0 "to standard output" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o -
check "to standard output" cmp -s want.tsv out
check "quiet" test ! -s err
ends 0 "plain VCF" bash -c "zcat a.vcf.gz >plain.vcf && dp-mdr -q --vcf plain.vcf --pheno a.tsv -o -"
check "plain VCF" cmp -s want.tsv out
ends 0 "with an index" bash -c "dp-index build -q a.vcf.gz && dp-mdr -q -@ 3 --vcf a.vcf.gz --pheno a.tsv -o -"
check "with an index" cmp -s want.tsv out
ends 0 "PLINK files" dp-mdr -q --bfile a -o -
check "PLINK files" cmp -s want.tsv out
tac a.tsv >reversed.tsv
ends 0 "phenotypes in another order" dp-mdr -q --vcf a.vcf.gz --pheno reversed.tsv -o -
check "phenotypes in another order" cmp -s want.tsv out
ends 0 "pruned" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv --no-cvc --top 20 -o pruned.tsv
ends 0 "not pruned" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv --no-cvc --top 20 --no-prune -o all.tsv
check "pruning changes nothing" cmp -s pruned.tsv all.tsv
same "no CVC" "$(column cvc pruned.tsv | sort -u)" NA
same "the same best" "$(cut -f 1-9 pruned.tsv | md5sum)" "$(head -n 21 want.tsv | cut -f 1-9 | md5sum)"

# --- folds
ends 0 "folds are written" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o folds.out.tsv --write-folds f.tsv
same "a fold for each sample" "$(grep -vc '^#' f.tsv)" 200
same "five folds" "$(grep -v '^#' f.tsv | cut -f 2 | sort -u | paste -sd' ')" "1 2 3 4 5"
sort -r f.tsv >shuffled.tsv
ends 0 "folds are read" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o - --fold-file shuffled.tsv
check "folds are read" cmp -s want.tsv out
ends 0 "another seed" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o - --seed 2
check "another seed gives other folds" bash -c '! cmp -s want.tsv out'
ends 0 "three folds" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o - --folds 3
same "three folds" "$(head -n 1 out | grep -o 'test_ba_[0-9]*' | paste -sd' ')" \
    "test_ba_1 test_ba_2 test_ba_3"

# --- which texts were read
awk -v OFS='\t' 'BEGIN { print "#IID", "SEX", "first", "second" } { print $1, 1, $2, 3 - $2 }' a.tsv >two.pheno
ends 0 "the first phenotype" dp-mdr --vcf a.vcf.gz --pheno two.pheno -o two.tsv --fold-file f.tsv
check "the first phenotype" cmp -s want.tsv two.tsv
says "phenotype 'first', the first of 2" "the first phenotype"
check "its column" grep -q '"column": "first"' two.json
hash_of() { /usr/bin/python3 -c 'import json, sys
for one in json.load(open(sys.argv[1]))["inputs"]:
    if sys.argv[2] in one: print(one["bytes"], one["xxh128"])' "$1" "$2"; }
same "phenotypes" "$(hash_of two.json phenotypes | cut -d' ' -f 1)" "$(stat -c %s two.pheno)"
same "folds" "$(hash_of two.json folds | cut -d' ' -f 1)" "$(stat -c %s f.tsv)"
gzip -k f.tsv
awk -v OFS='\t' 'NR > 1 { t = $3; $3 = $4; $4 = t } { print }' two.pheno >swapped.pheno
ends 0 "the second phenotype" dp-mdr --vcf a.vcf.gz --pheno swapped.pheno --pheno-name second \
    -o second.tsv --fold-file f.tsv.gz
check "the second phenotype" cmp -s want.tsv second.tsv
check "a name is not said" bash -c '! grep -q "first of" err'
check "its column" grep -q '"column": "second"' second.json
same "the same folds, compressed" "$(hash_of second.json folds)" "$(hash_of two.json folds)"
check "other phenotypes" test "$(hash_of second.json phenotypes)" != "$(hash_of two.json phenotypes)"
check "1 and 2" grep -q '"zero_one": false' two.json
awk -v OFS='\t' '{ print $1, $2 - 1 }' a.tsv >01.tsv
ends 0 "0 and 1" dp-mdr -q --vcf a.vcf.gz --pheno 01.tsv --01 -o 01.out.tsv
check "0 and 1" cmp -s want.tsv 01.out.tsv
check "0 and 1 are told" grep -q '"zero_one": true' 01.out.json

# --- all over a threshold
ends 0 "all" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o every.tsv --all
same "all" "$(wc -l <every.tsv)" 1771
ends 0 "a threshold" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o some.tsv --all --threshold 0.55 -@ 3
want=$(column test_ba every.tsv | awk '$1 >= 0.55' | wc -l)
same "a threshold" "$(tail -n +2 some.tsv | wc -l)" "$want"
check "the same lines" cmp -s some.tsv <(head -n $((want + 1)) every.tsv)
no "no journal of it is left" some.tsv.journal every.tsv.journal
ends 0 "nothing over it" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o - --all --threshold 1
same "nothing over it" "$(wc -l <out)" 1

# --- triples
"$generate" --samples 150 --variants 24 --model xor3 --plant 3,9,20 --vcf t.vcf.gz --pheno t.tsv || exit 99
ends 0 "triples" dp-mdr -q --vcf t.vcf.gz --pheno t.tsv --order 3 -o t.out.tsv -@ 1
same "columns of triples" "$(head -n 1 t.out.tsv | cut -f 1-13 | tr '\t' ' ')" \
    "rank id1 id2 id3 chrom1 pos1 chrom2 pos2 chrom3 pos3 train_ba test_ba cvc"
same "cells of triples" "$(column cells t.out.tsv | head -n 1 | tr ',' '\n' | wc -l)" 27
for tile in 3 10; do
    ends 0 "triples, tiles of $tile" dp-mdr -q --vcf t.vcf.gz --pheno t.tsv --order 3 -o - --tile $tile -@ 3
    check "triples, tiles of $tile" cmp -s t.out.tsv out
done

# --- permutations
ends 0 "permutations" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv --permutations 19 --top 5 -o p.tsv -@ 1
same "the planted pair is better than any" "$(column permutation_p p.tsv | head -n 1)" 0.05
ends 0 "permutations, more threads" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv --permutations 19 --top 5 -o - -@ 3 --no-prune
check "permutations, more threads" cmp -s p.tsv out
ends 0 "permutations of samples in another order" dp-mdr -q --bfile a --pheno reversed.tsv \
    --permutations 19 --top 5 -o -
check "permutations of samples in another order" cmp -s p.tsv out

# --- saved planes
ends 0 "planes are saved" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o s.tsv --save-planes a.dpg
ends 0 "planes are used" dp-mdr -q --planes a.dpg --pheno a.tsv -o -
check "planes are used" cmp -s want.tsv out
ends 0 "planes that fit" dp-mdr -q --planes a.dpg --vcf a.vcf.gz --pheno a.tsv -o -
check "planes that fit" cmp -s want.tsv out
ends 3 "planes of another VCF" dp-mdr -q --planes a.dpg --vcf t.vcf.gz --pheno a.tsv -o -
ends 3 "planes of other options" dp-mdr -q --planes a.dpg --vcf a.vcf.gz --multiallelic skip \
    --pheno a.tsv -o -
# A .bed of more than 128 KiB, one of whose calls is another in the middle: only its date tells.
"$generate" --samples 1001 --variants 600 --vcf m.vcf.gz --pheno m.tsv --bfile m || exit 99
touch -d @1700000000 m.bed # so that its next date is another one, however coarse dates are
check "a .bed with a middle" test "$(stat -c %s m.bed)" -gt 150000
mdr=(dp-mdr -q --top 5 --no-cvc)
ends 0 "planes of a .bed" "${mdr[@]}" --bfile m -o m.out.tsv --save-planes m.dpg
ends 0 "planes of a .bed that fit" "${mdr[@]}" --planes m.dpg --bfile m -o -
check "planes of a .bed that fit" cmp -s m.out.tsv out
for part in bed bim fam; do cp m.$part elsewhere.$part; done
ends 3 "planes of a .bed elsewhere" "${mdr[@]}" --planes m.dpg --bfile elsewhere -o -
says "elsewhere.bed is the same cannot be told.*--planes alone" "planes of a .bed elsewhere"
printf '\252' | dd of=m.bed bs=1 seek=75000 conv=notrunc status=none
ends 3 "planes of a .bed changed in place" "${mdr[@]}" --planes m.dpg --bfile m -o -
says "m.dpg: the planes were made of another version of .*m.bed" "planes of a .bed changed in place"
ends 0 "planes alone" "${mdr[@]}" --planes m.dpg --pheno m.tsv -o -
check "planes alone" cmp -s m.out.tsv out

# --- nothing is overwritten
cp want.tsv kept.tsv
ends 1 "a table that is there" dp-mdr --vcf a.vcf.gz --pheno a.tsv --top 3 -o kept.tsv
says "kept.tsv: it is there already" "a table that is there"
check "it is as it was" cmp -s want.tsv kept.tsv
echo mine >kept.json
rm kept.tsv
ends 1 "a summary that is there" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o kept.tsv
says "kept.json: it is there already" "a summary that is there"
no "no table then" kept.tsv
ends 1 "folds that are there" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o x.tsv --write-folds f.tsv --seed 2
says "f.tsv: it is there already" "folds that are there"
ends 1 "planes that are there" dp-mdr --vcf t.vcf.gz --pheno t.tsv -o x.tsv --save-planes a.dpg
says "a.dpg: it is there already" "planes that are there"
no "no table of either" x.tsv x.json
# What is there to the byte was left by a run that was killed before its table appeared.
cp want.json x.json
ends 0 "what a killed run left" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o x.tsv --write-folds f.tsv --save-planes a.dpg
check "what a killed run left" cmp -s want.tsv x.tsv
rm x.tsv
ends 1 "the summary of another run" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o x.tsv --seed 2
says "x.json: it is there already" "the summary of another run"
check "the summary of another run stays" cmp -s want.json x.json
rm x.json
ends 1 "the input as the output" dp-mdr --force --vcf a.vcf.gz --pheno a.tsv -o a.tsv
ends 1 "two outputs in one place" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o x.tsv --summary x.tsv
# However a place is spelt. d.*: what --force would replace if it did not know its inputs.
for suffix in bed bim fam; do cp a.$suffix d.$suffix; done
ln -s . here
ln -s d.bim link.bim
for name in d.bed d.bim d.fam ./d.fam here/d.fam "$PWD/d.bed" link.bim "file://$PWD/d.fam"; do
    ends 1 "PLINK's $name as the output" dp-mdr --force --bfile d -o "$name" --no-journal --summary q.json
    says "it is read from too" "PLINK's $name as the output"
    ends 1 "PLINK's $name as the folds" dp-mdr --force --bfile d -o q.tsv --write-folds "$name"
done
for suffix in bed bim fam; do check "d.$suffix stays" cmp -s a.$suffix d.$suffix; done
for name in q.tsv ./q.tsv here/q.tsv "$PWD/q.tsv" here/.//here/q.tsv "file://$PWD/q.tsv"; do
    for option in --summary --write-folds --save-planes --journal --stats; do
        [ "$option" = --stats ] && [ "${name#file:}" != "$name" ] && continue # takes paths only
        ends 1 "$option $name" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o q.tsv $option "$name"
        says "two outputs cannot go there" "$option $name"
        no "$option $name" q.tsv q.json q.tsv.journal
    done
done
echo old >q.tsv
ln -s q.tsv link.tsv
ends 1 "a link to another output" dp-mdr --force --vcf a.vcf.gz --pheno a.tsv -o q.tsv --write-folds link.tsv
same "it is as it was" "$(cat q.tsv)" old
rm q.tsv
ends 1 "counts in the default summary" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o q.tsv --stats ./q.json
no "counts in the default summary" q.tsv q.json
: >empty.tsv
ends 1 "counts in an input" dp-mdr --vcf a.vcf.gz --pheno empty.tsv -o q.tsv --stats empty.tsv
check "counts in an input" test ! -s empty.tsv
# Files that belong to an input, and those that journals and counts of other ranks are named.
for suffix in tbi csi gzi; do
    echo "an index" >a.vcf.gz.$suffix
    for option in "-o a.vcf.gz.$suffix" "-o q.tsv --summary a.vcf.gz.$suffix" "-o q.tsv --stats a.vcf.gz.$suffix"; do
        # shellcheck disable=SC2086 # words
        ends 1 "$option" dp-mdr --force --vcf a.vcf.gz --pheno a.tsv $option
        says "a.vcf.gz.$suffix: it .*, it is not overwritten" "$option"
    done
    same "a.vcf.gz.$suffix stays" "$(cat a.vcf.gz.$suffix)" "an index"
    rm a.vcf.gz.$suffix
done
for option in "-o j.1" "-o q.tsv --summary here/j.7" "-o q.tsv --write-folds ./j.12" "-o q.tsv --save-planes j.3"; do
    # shellcheck disable=SC2086
    ends 1 "$option, journal j" dp-mdr --vcf a.vcf.gz --pheno a.tsv --journal j $option
    says "two outputs cannot go there" "$option, journal j"
done
cp a.tsv j.2
ends 1 "phenotypes where a journal would be" dp-mdr --vcf a.vcf.gz --pheno j.2 -o j.tsv --journal ./j
says "j.2: it is read from too" "phenotypes where a journal would be"
check "phenotypes where a journal would be" cmp -s a.tsv j.2
rm j.2
no "nothing of these" j j.1 j.3 j.7 j.12 q.tsv q.json j.tsv j.json
ends 0 "a name with a number that is no rank's" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv --journal j -o q.1 --summary q.2
rm q.1 q.2
ends 0 "all outputs" dp-mdr -q --bfile d -o q.tsv --stats q.stats --write-folds q.folds --save-planes q.dpg
check "all outputs" cmp -s want.tsv q.tsv
check "counts" grep -q '"tool":"dp-mdr"' q.stats
ends 0 "the largest seed" dp-mdr -q --bfile d -o seed.tsv --seed 18446744073709551615
check "the largest seed" grep -q '"seed": "18446744073709551615"' seed.json
ends 0 "a summary elsewhere, by force" dp-mdr -q --force --vcf a.vcf.gz --pheno a.tsv -o x.tsv --summary kept.json
check "a summary elsewhere" cmp -s want.json kept.json

# --- what cannot be searched: a line about it, no output, nothing left
# refused STATUS PATTERN NAME OPTION...
refused() {
    local status=$1 pattern=$2 name=$3
    shift 3
    ends "$status" "$name" dp-mdr -o bad.tsv "$@"
    says "$pattern" "$name"
    same "$name: messages" "$(grep -vc '^Try ' err)" "$([ "$status" = 2 ] && echo 1 || wc -l <err)"
    no "$name" bad.tsv bad.json bad.tsv.journal
}
sed 's/^/x/' a.tsv >strangers.tsv
refused 1 "strangers.tsv" "nobody matches" --vcf a.vcf.gz --pheno strangers.tsv
awk -F'\t' '{ print $1 "\t1" }' a.tsv >controls.tsv
refused 1 "no case" "one class only" --vcf a.vcf.gz --pheno controls.tsv
check "no 0 is there" bash -c '! grep -q -- --01 err'
refused 1 "no case among .*--01" "0 and 1 without --01" --vcf a.vcf.gz --pheno 01.tsv
(zcat a.vcf.gz; echo) >blank.vcf
refused 1 "blank.vcf: record 61: the line is empty" "an empty line" --vcf blank.vcf --pheno a.tsv
cat a.tsv <(head -n 2 a.tsv) >twice.tsv
refused 1 "twice" "an ID twice" --vcf a.vcf.gz --pheno twice.tsv
refused 1 "folds" "more folds than samples" --vcf a.vcf.gz --pheno <(sort -k2,2 a.tsv | sed -n '1,10p;$p') --folds 5
zcat a.vcf.gz | awk -F'\t' -v OFS='\t' '!/^#/ { for (i = 10; i <= NF; i++) $i = "0/0" } { print }' >constant.vcf
refused 1 "no combination\|variants" "constant variants" --vcf constant.vcf --pheno a.tsv
zcat a.vcf.gz | awk -F'\t' -v OFS='\t' '/^#CHROM/ { $12 = $11 } { print }' >duplicate.vcf
refused 1 "duplicate.vcf" "a sample twice" --vcf duplicate.vcf --pheno a.tsv
head -c 3000 a.vcf.gz >truncated.vcf.gz
refused 1 "truncated.vcf.gz" "a truncated VCF" --vcf truncated.vcf.gz --pheno a.tsv
head -c -28 a.vcf.gz >ended.vcf.gz
bgzip -c a.tsv | head -c -28 >ended.tsv.gz
refused 1 "ended.vcf.gz: offset $(stat -c %s ended.vcf.gz): no BGZF EOF block" "a VCF that ends with a block" \
    --vcf ended.vcf.gz --pheno a.tsv
ends 0 "an index of it" dp-index build -q ended.vcf.gz
refused 1 "ended.vcf.gz: offset $(stat -c %s ended.vcf.gz): no BGZF EOF block" "the same with an index" \
    --vcf ended.vcf.gz --pheno a.tsv
refused 1 "ended.tsv.gz: .*no BGZF EOF block" "phenotypes that end with a block" \
    --vcf a.vcf.gz --pheno ended.tsv.gz
refused 1 "nothing.vcf" "a VCF that is not there" --vcf nothing.vcf --pheno a.tsv
refused 1 "DS" "a field that is not there" --vcf a.vcf.gz --pheno a.tsv --field DS
awk -v OFS='\t' 'NR <= 100 { print $1, 1 }' a.tsv >few.tsv
refused 1 "few.tsv" "folds of some only" --vcf a.vcf.gz --pheno a.tsv --fold-file few.tsv
refused 2 "'nosuchkernel' is not generic, avx2" "a kernel of no machine" --vcf a.vcf.gz --pheno a.tsv --kernel nosuchkernel
refused 2 "unknown or ambiguous option" "an unknown option" --vcf a.vcf.gz --pheno a.tsv --no-such-option
refused 2 "is not a number from" "a share that is none" --vcf a.vcf.gz --pheno a.tsv --maf nan
refused 2 "is not a number from" "a count that is none" --vcf a.vcf.gz --pheno a.tsv --folds 21
refused 2 "only one of them" "two inputs" --vcf a.vcf.gz --bfile a --pheno a.tsv
refused 2 "genotypes are needed" "no input" --pheno a.tsv
refused 2 "pheno is needed" "no classes" --vcf a.vcf.gz
refused 2 "save-planes: they go to a file" "planes to standard output" --vcf a.vcf.gz --pheno a.tsv --save-planes -
refused 2 "journal: it is a file" "a journal to standard output" --vcf a.vcf.gz --pheno a.tsv --journal -
refused 2 "threads: 257 are more than 256" "too many threads" --vcf a.vcf.gz --pheno a.tsv -@ 257
refused 2 "pheno: its value is empty" "an empty value" --vcf a.vcf.gz --pheno ""
refused 2 "@: its value is empty" "an empty letter" --vcf a.vcf.gz --pheno a.tsv -@ ""
refused 1 "s3://b/j: a journal is a local file" "a journal far away" --vcf nothing.vcf --pheno a.tsv --journal s3://b/j
refused 1 "nowhere/j: No such" "a journal in no folder" --vcf nothing.vcf --pheno a.tsv --journal nowhere/j
refused 2 "not expected" "an operand" --vcf a.vcf.gz --pheno a.tsv more
refused 2 "goes with --all" "a threshold alone" --vcf a.vcf.gz --pheno a.tsv --threshold 0.5
for number in "" . nan 1.1 2 -0.5 +0.5 5e-1 0x1p-1 0.5x 0.123456789012345678 1.00000000000000001 99999999999999999999; do
    ends 2 "threshold '$number'" dp-mdr --vcf a.vcf.gz --pheno a.tsv -o refused.tsv --all --threshold "$number"
done
for number in 1 1.0 .5 0. 00.5 0.50000000000000001; do
    ends 0 "threshold $number" dp-mdr -q --vcf a.vcf.gz --pheno a.tsv -o - --all --threshold "$number"
done
ends 2 "no output" dp-mdr --vcf a.vcf.gz --pheno a.tsv
ends 0 "help" dp-mdr --help
check "help" grep -q -- "--journal-seconds" out
ends 0 "version" dp-mdr --version

# --- kill and go on
slow=(--order 3 --vcf k.vcf --pheno k.tsv --tile 16 --journal-seconds 0.05 --kernel generic --no-prune)
# Work for most of a second, however fast the machine: there must be time to be stopped in.
for variants in 120 170 240 340 480; do
    "$generate" --samples 300 --variants "$variants" --missing 0.05 --model none --vcf k.vcf --pheno k.tsv ||
        exit 99
    before=$(date +%s%N)
    ends 0 "not interrupted" dp-mdr -q --force "${slow[@]}" -o whole.tsv
    [ $(($(date +%s%N) - before)) -lt 700000000 ] || break
done
# interrupt SIGNAL NAME TABLE: again and again, with other threads each time, until one gets through.
# All of it once more when none was stopped: the machine has become faster since its work was measured.
interrupt() {
    local try
    for try in {1..20}; do
        interrupt_until_through "$@"
        [ "$stops" = 0 ] && [ "$status" = 0 ] && [ "$try" -lt 20 ] || break
        rm -f "$3" "${3%.tsv}.json"
    done
    same "$2: it gets through" "$status$(cat err)" 0
    check "$2: it was stopped" test "$stops" -gt 0
}
interrupt_until_through() {
    local signal=$1 round=0
    status=1 stops=0
    while [ "$status" != 0 ] && [ "$round" -lt 60 ]; do
        round=$((round + 1))
        dp-mdr -q "${slow[@]}" -o "$3" -@ $((round % 3 + 1)) 2>err &
        sleep "0.$((RANDOM % 2 + 1))$((RANDOM % 10))"
        # Later rounds have the time that they need.
        if [ "$round" -le 6 ] && kill -"$signal" $! 2>/dev/null; then stops=$((stops + 1)); fi
        wait $! 2>/dev/null
        status=$?
        [ "$status" = 0 ] || [ "$status" -gt 128 ] || break
        [ -e "$3" ] && status=0 # stopped when it had done its work
    done
}
interrupt KILL "kill -9" killed.tsv
check "kill -9" cmp -s whole.tsv killed.tsv
check "kill -9: summary" cmp -s whole.json killed.json
interrupt TERM "SIGTERM" terminated.tsv
check "SIGTERM" cmp -s whole.tsv terminated.tsv

# A journal that is there is gone on with, or refused when it is another run's.
stopped_by_term() {
    dp-mdr "${slow[@]}" -o j.tsv --journal-seconds 0 &
    wait_for eval "[ -s j.tsv.journal ] || ! kill -0 $!"
    kill $!
    wait $!
}
for try in {1..20}; do
    stopped_by_term >out 2>err
    status=$?
    [ "$status" = 0 ] || [ -e j.tsv ] || break # or it was through before the signal came
    rm -f j.tsv j.json j.tsv.journal
done
same "SIGTERM" "$status" 143
check "a journal is left" test -s j.tsv.journal
cp j.tsv.journal j.kept
ends 1 "the journal of another run" dp-mdr "${slow[@]}" -o j.tsv --seed 2
says "j.tsv.journal: the journal of another run" "the journal of another run"
check "it is as it was" cmp -s j.tsv.journal j.kept
no "no results" j.tsv j.json
ends 1 "a journal that is none" dp-mdr --force "${slow[@]}" -o x.tsv --journal a.tsv
check "what is no journal stays" cmp -s a.tsv <(tac reversed.tsv)
ends 0 "going on" dp-mdr "${slow[@]}" -o j.tsv
says "going on: " "going on"
check "going on" cmp -s whole.tsv j.tsv
no "no journal is left then" j.tsv.journal
cp j.kept j.tsv.journal
ends 0 "another run by force" dp-mdr -q --force --vcf a.vcf.gz --pheno a.tsv -o j.tsv
check "another run by force" cmp -s want.tsv j.tsv

summary
