#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# VCF text on disk and on S3, plain, gzip and BGZF: all slices together are the records, once and in
# order; every slice is a VCF that bcftools reads; regions are those of bcftools.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v bcftools >/dev/null || cannot "no bcftools"
command -v bgzip >/dev/null || cannot "no bgzip"
generate=$build/datasets/generate
[ -x "$generate" ] || cannot "$generate is not built"
objects=$work/objects
mkdir -p "$objects"
cd "$work" || exit 1
"$generate" vcf --bytes 12M >"$objects/v.vcf" || cannot "generate failed"
gzip -1 -c "$objects/v.vcf" >"$objects/v.vcf.gz"
bgzip -c "$objects/v.vcf" >"$objects/v.vcf.bgz"
cp "$objects/v.vcf.bgz" truth.vcf.gz
bcftools index -t truth.vcf.gz
grep -v '^#' "$objects/v.vcf" >records
last=$(tail -n 1 records | cut -f 2)
serve rgw variants
export AWS_EC2_METADATA_DISABLED=true

# records_of OPTION... OBJECT: the records of all slices of a plan
records_of() { dp-slice plan -q "$@" | dp-slice fetch -@ 2 - | grep -v '^#'; }

for name in v.vcf v.vcf.gz v.vcf.bgz; do
    /usr/bin/python3 "$top/tests/integration/s3.py" put "$objects/$name" variants "$name" || fail "$name: upload"
    for object in "$objects/$name" "s3://variants/$name"; do
        dp-index build -q "$object" || fail "$object: build"
        check "$object: contigs as of bcftools index -s" \
            cmp -s <(dp-index show --contigs "$object") <(bcftools index -s truth.vcf.gz)
        counts="1 2 3 7 16 33 64"
        [ "$object" = "$objects/v.vcf.bgz" ] && counts=$(seq 1 64)
        for n in $counts; do
            check "$object: $n slices" cmp -s records <(records_of -n "$n" "$object")
        done
        for plan in "--records 997" "-n 5 --by bytes" "-n 4 --inline" "--window 300000" "--by contig"; do
            # shellcheck disable=SC2086 # words
            check "$object: $plan" cmp -s records <(records_of $plan "$object")
        done
        for region in chr1 "chr1:1-20000" "chr1:500000-510000" "chr1:$((last - 900))-" "chr1:9000-9999,chr1:700000-720000,chr1:9500-30000"; do
            bcftools view -H -r "$region" truth.vcf.gz >want
            check "$object: region $region" cmp -s want <(records_of --region "$region" "$object")
        done
    done
done

# Every slice is a file of its own.
dp-slice plan -n 6 s3://variants/v.vcf.gz >plan.jsonl
dp-slice fetch -q -z -@ 2 --output-dir parts plan.jsonl || fail "slices as BGZF"
for part in parts/*.gz; do bcftools view -H "$part" || fail "bcftools cannot read $part"; done >have
check "slices as bcftools reads them" cmp -s have <(bcftools view -H truth.vcf.gz)
bcftools concat --naive parts/*.gz 2>/dev/null >naive.vcf.gz || fail "bcftools concat --naive"
check "bcftools concat --naive" cmp -s "$objects/v.vcf" <(gzip -dc naive.vcf.gz)
check "check --deep" dp-slice check -q --deep plan.jsonl
same "one record each" "$(dp-slice plan --records 1 "$objects/v.vcf.bgz" | wc -l)" "$(wc -l <records)"
check "some of one record each" cmp -s <(sed -n '5000,5020p' records) \
    <(dp-slice plan --records 1 "$objects/v.vcf.bgz" | sed -n '5000,5020p' | dp-slice fetch --partial - | grep -v '^#')

summary
