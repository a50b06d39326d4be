#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# VCF text against bcftools: counts, regions, BED files, windows, contigs, slices as BGZF.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"
for tool in bcftools bgzip; do
    command -v $tool >/dev/null || { echo "$tool is needed"; exit 99; }
done

# 3,000 records on four contigs, one of them not declared; deletions reach far; a telomere.
awk 'BEGIN {
    srand(11)
    print "##fileformat=VCFv4.2"
    print "##INFO=<ID=END,Number=1,Type=Integer,Description=\"The end\">"
    print "##INFO=<ID=SVTYPE,Number=1,Type=String,Description=\"Kind, such as DEL\">"
    print "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">"
    print "##contig=<ID=c2,length=200000>\n##contig=<ID=c1,length=100000>\n##contig=<ID=none,length=5>"
    print "##contig=<ID=c3>"
    print "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2"
    for (i = 0; i < 3000; i++) {
        if (i % 800 == 0) { contig = "c" (i / 800 + 1); position = i == 800 ? 0 : 1 }
        info = "."; alt = "T"; ref = substr("ACGTACGT", 1, 1 + int(rand() * 5))
        if (rand() < 0.03) { alt = "<DEL>"; info = "SVTYPE=DEL;END=" position + int(rand() * 9000) }
        if (rand() < 0.01) info = "END=" int(position / 2)
        print contig "\t" position "\t.\t" ref "\t" alt "\t.\t.\t" info "\tGT\t0/1\t" int(rand() * 9) "/1"
        position += int(rand() * 60)
    }
}' >x.vcf
bgzip -c x.vcf >x.vcf.gz
gzip -c x.vcf >y.vcf.gz
grep -v '^#' x.vcf >records
bcftools index -t x.vcf.gz || fail "bcftools cannot index"
for file in x.vcf x.vcf.gz y.vcf.gz; do
    ends 0 "build $file" dp-index build -q -s 8K $file
    ends 0 "verify $file" dp-index verify -q --deep $file
    dp-index show --contigs $file >contigs
    check "$file: --contigs" cmp -s contigs <(bcftools index -s x.vcf.gz)
done
same "records" "$(dp-index show --json x.vcf | /usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)
print(d["records"], d["samples"], d["sorted"], [(c["name"], c["records"], c["length"]) for c in d["contigs"]])')" \
    "3000 2 True [('c1', 800, 100000), ('c2', 800, 200000), ('c3', 800, None), ('c4', 600, None)]"

# tiles NAME FILE OPTION...: the records of all slices of a plan are in the file `records`.
tiles() {
    local name=$1 file=$2
    shift 2
    ends 0 "$name: plan" dp-slice plan "$@" "$file"
    mv out plan.jsonl
    ends 0 "$name: fetch" dp-slice fetch plan.jsonl
    check "$name: the header is there once" test "$(grep -c '^#CHROM' out)" = 1
    check "$name" cmp -s records <(grep -v '^#' out)
}
for file in x.vcf x.vcf.gz y.vcf.gz; do
    for plan in "-n 1" "-n 7" "-n 64" "--records 999" "-n 5 --by bytes" "-n 3 --inline" "--window 5000" \
        "--window 777 -n 4" "--by contig" "--by contig -n 3"; do
        # shellcheck disable=SC2086 # words
        tiles "$file $plan" $file $plan
    done
done
same "a slice for each contig" "$(dp-slice plan --by contig x.vcf | wc -l)" 4
same "one contig" "$(dp-slice plan --contig c3 -n 3 x.vcf.gz | dp-slice fetch - | grep -v '^#' | sum)" \
    "$(grep '^c3' x.vcf | sum)"
dp-slice plan --records 1000 --overlap 10 x.vcf.gz >plan.jsonl
same "overlap: records" "$(for k in 1 2 3; do dp-slice fetch --only $k plan.jsonl | grep -vc '^#'; done | paste -sd ' ')" \
    "1000 1010 1010"
same "overlap: the first record of slice 2" "$(dp-slice fetch --only 2 plan.jsonl | grep -v '^#' | head -n 1)" \
    "$(sed -n 991p records)"
dp-slice plan -n 5 x.vcf.gz >plan.jsonl
ends 0 "check --deep" dp-slice check -q --deep plan.jsonl

# --- regions: what bcftools gives, in its order
regions="c1:1-1000 c1 c2:100- c3:5000 c1:500-900,c1:100-700 c2:1-20000,c1:1-20000 c2:400-410,c2:405-2000,c4:1-90000
    c1:20000-20000,c1:20001-20001,c1:15000-25000 nosuch c1,nosuch,c4:3-2000 c1:99999-100000"
for file in x.vcf x.vcf.gz y.vcf.gz; do
    for region in $regions; do
        bcftools view -H -r "$region" x.vcf.gz >want 2>/dev/null
        dp-slice plan -q --region "$region" $file | dp-slice fetch - | grep -v '^#' >have
        check "$file: region $region" cmp -s have want
        [ $file = x.vcf.gz ] || continue
        dp-slice plan -q --region "$region" -n 1 $file | dp-slice fetch - | grep -v '^#' >have
        check "$file: region $region in one slice" cmp -s have want
    done
done
awk 'BEGIN { srand(3); print "track name=x"; for (i = 0; i < 120; i++) {
    b = int(rand() * 25000); print "c" 1 + int(rand() * 4) "\t" b "\t" b + 1 + int(rand() * 300) "\tname" } }' >a.bed
grep -v track a.bed >b.bed
bcftools view -H -R b.bed x.vcf.gz >want 2>/dev/null
check "BED: there is something to find" test -s want
for plan in "" "-n 1" "-n 6"; do
    # shellcheck disable=SC2086 # words
    dp-slice plan --bed a.bed $plan x.vcf.gz | dp-slice fetch - | grep -v '^#' >have
    check "BED $plan" cmp -s have want
done
gzip a.bed
dp-slice plan --bed a.bed.gz x.vcf | dp-slice fetch - | grep -v '^#' >have
check "BED, compressed" cmp -s have want

# --- windows own records by position
dp-slice plan --window 1000 x.vcf.gz | sed -n 2p | dp-slice fetch - | grep -v '^#' >have
check "a window" cmp -s have <(awk '$1 == "c1" && $2 > 1000 && $2 <= 2000' records)

# --- balanced regions: every record in exactly one
dp-index show --regions-balanced 9 x.vcf.gz >balanced
same "balanced regions" "$(wc -l <balanced)" 9
while read -r region; do
    bcftools view -H --regions-overlap 0 -r "$region" x.vcf.gz 2>/dev/null
done <balanced >have
check "balanced regions cover all but what is before the first base" cmp -s have <(awk '$2 > 0' records)

# --- as BGZF: each slice is a file that bcftools reads, and concatenates without looking
ends 0 "slices as BGZF" dp-slice fetch -q -z --output-dir parts plan.jsonl
for part in parts/*; do bcftools view -H "$part" 2>/dev/null; done >have
check "slices as BGZF" cmp -s have <(bcftools view -H x.vcf.gz)
bcftools concat --naive parts/* >naive.vcf.gz 2>/dev/null || fail "bcftools concat --naive"
check "bcftools concat --naive" cmp -s x.vcf <(gzip -dc naive.vcf.gz)

# --- samples, of text and of BCF: what bcftools view -I -s gives
bcftools view -O b -o x.bcf x.vcf.gz 2>/dev/null
ends 0 "build x.bcf" dp-index build -q x.bcf
for choice in s2 s2,s1 ^s2; do
    bcftools view -H -I -s "$choice" x.vcf.gz >want 2>/dev/null
    for file in x.vcf x.vcf.gz x.bcf; do
        dp-slice plan -n 3 --samples "$choice" $file | dp-slice fetch -z - | bcftools view -H >have 2>/dev/null
        check "$file: samples $choice" cmp -s have want
    done
done
ends 1 "a sample that is not there" dp-slice plan -n 3 --samples s3 x.bcf
says "x.bcf: sample 's3' is not in the header" "a sample that is not there"

# --- what is refused
{ head -n 50 x.vcf; printf 'c1\t50000\t.\tA'; } >cut.vcf
ends 1 "a line that is cut" dp-index build cut.vcf
says "cut.vcf: record 42, line 51, offset [0-9]*: the data ends in a line of 4 columns" "a line that is cut"
{ cat x.vcf; sed -n 100p x.vcf; } >unsorted.vcf
ends 0 "unsorted" dp-index build -q unsorted.vcf
ends 0 "unsorted: slices" dp-slice plan -n 4 unsorted.vcf
mv out plan.jsonl
check "unsorted: slices" cmp -s unsorted.vcf <(dp-slice fetch plan.jsonl)
for plan in "--region c1" "--window 100" "--by contig" "--contig c1 -n 2"; do
    # shellcheck disable=SC2086 # words
    ends 1 "unsorted: $plan" dp-slice plan $plan unsorted.vcf
    says "unsorted.vcf: line 3010: a contig that comes back" "unsorted: $plan"
done
ends 1 "unsorted: balanced" dp-index show --regions-balanced 3 unsorted.vcf
ends 1 "a region that ends early" dp-slice plan --region c1:10-5 x.vcf
ends 1 "no BED" dp-slice plan --bed x.vcf x.vcf
says "line 10: no BED" "no BED"
ends 2 "two ways to cut" dp-slice plan --region c1 --window 5 x.vcf
ends 2 "regions by records" dp-slice plan --region c1 --records 5 x.vcf
ends 2 "overlap by bytes" dp-slice plan --bytes 5 --overlap 5 x.vcf
ends 1 "a contig that is not there" dp-slice plan --contig nosuch -n 2 x.vcf
says "no record is on contig nosuch" "a contig that is not there"
fastq 10 >r.fq
dp-index build -q r.fq
ends 1 "regions of reads" dp-slice plan --region c1 r.fq
says "records of format fastq have no positions" "regions of reads"
same "regions of reads: nothing else is said" "$(wc -l <err)" 1
ends 1 "--contigs of reads" dp-index show --contigs r.fq

summary
