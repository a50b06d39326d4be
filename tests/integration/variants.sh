#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# BCF, plans from .tbi and .csi, and sample columns, against bcftools and tabix: as files and on S3.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for program in bcftools tabix bgzip; do
    command -v "$program" >/dev/null || cannot "$program is not installed"
done
data=$work/data
mkdir -p "$data" && cd "$data" || cannot "no folder"
/usr/bin/python3 "$top/tests/integration/variants.py" 6000 >m.vcf || cannot "variants.py failed"
bgzip -k m.vcf
tabix m.vcf.gz
cp m.vcf.gz c.vcf.gz
bcftools index -c c.vcf.gz
bcftools view --no-version -O b -o m.bcf m.vcf.gz
bcftools index m.bcf
bgzip -dc m.bcf >u.bcf
gzip -c u.bcf >g.bcf.gz
bcftools view -H m.vcf.gz >want

# records FILE...: the records of all files, one after the other, as bcftools reads them.
records() {
    local file
    for file; do
        bcftools view -H "$file" || return 1
    done
}

# sliced LABEL URI PLAN_ARGUMENT...: fetches every slice of the plan into a file of its own; bcftools
# must read each, and together they are the records in `want`, each once and in order. With -z the
# slices are joined as they are.
sliced() {
    local label=$1 uri=$2
    shift 2
    rm -rf pieces packed joined
    dp-slice plan "$@" "$uri" >manifest 2>words || { fail "$label: plan $*"; return; }
    dp-slice fetch -q -@ 2 --output-dir pieces --name '{number}' manifest || { fail "$label: fetch $*"; return; }
    records pieces/* >have 2>>words
    check "$label: plan $*: records" cmp -s have "${want:-want}"
    dp-slice fetch -q -z -@ 2 --output-dir packed --name '{number}.gz' manifest || { fail "$label: fetch -z $*"; return; }
    bcftools concat --naive -o joined packed/* 2>>words && bcftools view -H joined >have 2>>words
    check "$label: plan $*: joined" cmp -s have "${want:-want}"
}

# refused STATUS LABEL TEXT COMMAND...: exits so, and says so.
refused() {
    local status=$1 label=$2 text=$3
    shift 3
    "$@" >/dev/null 2>words
    same "$label: exit status" "$?" "$status"
    check "$label: says '$text'" grep -q -- "$text" words
}

# ---------------------------------------------------------------------------------- BCF, our index

for file in m.bcf u.bcf g.bcf.gz; do
    dp-index build -q "$file" || fail "$file: dp-index build"
    same "$file: records" "$(dp-index show --json "$file" | json_field records)" "$(wc -l <want)"
    for n in 1 2 7 33; do
        sliced "$file" "$file" -n "$n"
    done
    sliced "$file" "$file" --records 997
    sliced "$file" "$file" --bytes 50000
    sliced "$file" "$file" --by contig
    sliced "$file" "$file" --window 100000
    dp-index verify -q --deep "$file" || fail "$file: dp-index verify"
    # The header once, then all records: the object's bytes.
    same "$file: the whole" "$(dp-slice plan -n 5 "$file" | dp-slice fetch -q - | sum_of)" \
        "$(zcat -f "$file" | sum_of)"
done
dp-slice plan --records 1 m.bcf | head -n 40 >manifest
dp-slice fetch -q --partial --output-dir single --name '{number}' manifest
head -n 40 want >few
records single/* >have
check "one record each" cmp -s have few

head -c 20000 u.bcf >cut.bcf
refused 1 "a cut BCF" "inside this record" dp-index build -o cut.dpi cut.bcf
/usr/bin/python3 - <<'END'
data = bytearray(open("u.bcf", "rb").read())
start = 9 + int.from_bytes(data[5:9], "little")
second = start + 8 + int.from_bytes(data[start:start + 4], "little") + int.from_bytes(data[start + 4:start + 8], "little")
data[second + 8:second + 12] = (77).to_bytes(4, "little")
open("contig.bcf", "wb").write(data)
END
refused 1 "a contig that is none" "record 2, offset .*contig number 77" dp-index build -o bad.dpi contig.bcf
gzip -c m.bcf >twice.bcf.gz
refused 1 "packed twice" "packed twice" dp-index build -o twice.dpi twice.bcf.gz

# ----------------------------------------------------------------------------------------- regions

# regions FILE [--index NAME]: what bcftools gives for the same.
regions() {
    local file=$1 region bed=$work/regions.bed
    shift
    for region in chr1:100000-900000 chr1:1-10 chr1 chr2,chr1:500000-600000 chrEmpty chrM:5000- \
        chr1:100-200,chr1:150-9000,chr2:1-5000,chr1:3000000-3000001; do
        bcftools view -H -r "$region" "${file##*/}" >asked
        want=asked sliced "$file $*" "$file" "$@" --region "$region"
    done
    printf 'HLA:A*01\t0\t200000\nchr1\t999\t50000\nchr1\t40000\t90000\nchr2\t0\t1\n' >"$bed"
    bcftools view -H -R "$bed" "${file##*/}" >asked
    want=asked sliced "$file $*" "$file" "$@" --bed "$bed"
    bcftools view -H -t chr2 "${file##*/}" >asked
    want=asked sliced "$file $*" "$file" "$@" --contig chr2 -n 4
}
regions m.bcf

# -------------------------------------------------------------------------- plans from .tbi and .csi

rm -f ./*.dpi
for file in m.vcf.gz c.vcf.gz m.bcf; do
    for n in 1 2 5 64; do
        sliced "$file, not indexed" "$file" -n "$n"
    done
    same "$file: says so with -v" \
        "$(dp-slice plan -v -n 2 "$file" 2>&1 >/dev/null | grep -c 'planned from .*\.\(tbi\|csi\)$')" 1
    sliced "$file, not indexed" "$file" --by contig
    same "$file: counts of contigs" "$(sed 's/.*"counts":{"records":\([^}]*\)}.*/\1/' manifest | xargs)" \
        "$(bcftools index -s "$file" | awk '{ print $3 }' | xargs)"
    regions "$file"
    refused 1 "$file: records of a .tbi" "run dp-index build" dp-slice plan --records 10 "$file"
done
dp-index build -q m.vcf.gz
same "our index comes first" "$(dp-slice plan -v -n 2 m.vcf.gz 2>&1 >/dev/null | grep -c tbi)" 0
sliced "by --index" m.vcf.gz -n 3 --index c.vcf.gz.csi
rm -f ./*.dpi

# ----------------------------------------------------------------------- an index of another version

bgzip -c -l 9 m.vcf >stale.vcf.gz
cp m.vcf.gz.tbi stale.vcf.gz.tbi
refused 3 "other blocks" "belongs to another version" dp-slice plan -n 3 stale.vcf.gz
{ cat m.vcf; printf 'chrM\t90000000\t.\tA\tC\t.\t.\t.\tGT\t.\t.\t.\n'; } | bgzip -c >stale.vcf.gz
refused 3 "a record more" "does not fit" dp-slice plan -n 3 stale.vcf.gz
head -n 3000 m.vcf | bgzip -c >stale.vcf.gz
refused 3 "half of it" "" dp-slice plan -n 3 stale.vcf.gz
# Blocks that are stored stay where they are when a byte moves between records far from the ends.
bgzip -c -l 0 m.vcf >stale.vcf.gz
tabix -f stale.vcf.gz
sed -e '2000s/NOTE=/NOTE=x/' -e '4000s/NOTE=./NOTE=/' m.vcf | bgzip -c -l 0 >moved.gz
cat moved.gz >stale.vcf.gz
dp-slice plan -n 9 stale.vcf.gz 2>words >manifest && dp-slice fetch -q manifest >have 2>words
same "a byte that moved: exit status" "$?" 3
check "a byte that moved: said so" grep -q "another version" words
head -c 100 m.vcf.gz.tbi >short.tbi
refused 3 "a cut .tbi" "short.tbi" dp-slice plan -n 3 --index short.tbi m.vcf.gz

# ----------------------------------------------------------------------------------------- samples

printf 's two\nS3\n' >names
for file in m.vcf m.vcf.gz; do
    [ "$file" = m.vcf.gz ] || dp-index build -q "$file"
    for samples in s1 S3,s1 "s two,S3,s1" ^s1 "^S3,s two" @names ^names; do
        bcftools view --no-version -I "-$(case $samples in *names) echo S ;; *) echo s ;; esac)" \
            "$(sed 's/@//' <<<"$samples")" m.vcf.gz >asked 2>words || fail "bcftools -s $samples"
        same "$file: samples $samples" \
            "$(dp-slice plan -n 4 --samples "$samples" "$file" | dp-slice fetch -q - | sum_of)" "$(sum_of <asked)"
    done
    bcftools view --no-version -I -s S3 -r chr1:100000-900000 m.vcf.gz >asked
    same "$file: samples of a region" \
        "$(dp-slice plan --region chr1:100000-900000 --samples S3 "$file" | dp-slice fetch -q - | sum_of)" \
        "$(sum_of <asked)"
    refused 1 "$file: no such sample" "sample 'who' is not in the header" dp-slice plan --samples who "$file"
done

# chosen FILE LABEL SAMPLES VIEW_ARGUMENTS PLAN_ARGUMENT...: BCF, where both are compared as text with
# the header: all slices as one stream, and each by itself, packed and joined.
chosen() {
    local file=$1 label="$2: samples $3: $5" samples=$3 view=$4 s=s
    shift 4
    case $samples in *names) s=S ;; esac
    # shellcheck disable=SC2086 # words
    bcftools view --no-version -I -$s "${samples/@/}" $view "${file##*/}" >asked 2>words ||
        fail "$label: bcftools"
    dp-slice plan "$@" --samples "$samples" "$file" >manifest 2>words || { fail "$label: plan"; return; }
    dp-slice fetch -q manifest >whole.bcf 2>words || { fail "$label: fetch"; return; }
    bcftools view --no-version -o have whole.bcf 2>words
    check "$label" cmp -s have asked
    rm -rf packed
    dp-slice fetch -q -z -@ 2 --output-dir packed --name '{number}.gz' manifest || { fail "$label: fetch -z"; return; }
    bcftools concat --naive -o joined packed/* 2>>words && bcftools view --no-version -o have joined 2>>words
    check "$label, joined" cmp -s have asked
}

# Calls of every type, in vectors of every length; BGZF, plain, gzip, by index and by .csi.
printf '%s\t1000\t40000\n' chr1 chr2 >bed
for file in m.bcf u.bcf g.bcf.gz; do
    for way in index csi; do
        if [ $way = csi ]; then
            rm -f "$file.dpi"
            [ "$file" = m.bcf ] || continue
        else
            dp-index build -q "$file"
        fi
        for samples in s1 S3,s1 "s two,S3,s1" ^s1 "^S3,s two" @names ^names; do
            chosen "$file" "$file by $way" "$samples" "" -n 4
        done
        if [ "$file" = m.bcf ]; then
            chosen "$file" "$file by $way" S3,s1 "-r chr1:100000-900000" --region chr1:100000-900000
            chosen "$file" "$file by $way" ^s1 "-R bed" --bed bed -n 1
            chosen "$file" "$file by $way" S3 "-t chr2" --contig chr2 -n 3
        fi
        chosen "$file" "$file by $way" S3,s1 "" --by contig
        [ $way = csi ] && continue
        chosen "$file" "$file by $way" S3,s1 "" --records 700
        chosen "$file" "$file by $way" S3,s1 "" --window 300000
        chosen "$file" "$file by $way" S3,s1 "" -n 3 --inline
    done
    dp-index build -q "$file"
    refused 1 "$file: no such sample" "sample 'who' is not in the header" dp-slice plan --samples who "$file"
    refused 1 "$file: twice" "sample 's1' is named twice" dp-slice plan --samples s1,s1 "$file"
done

# A FORMAT field that does not fit its record is nothing to a plain slice, but to one of samples.
/usr/bin/python3 - <<'END'
data = bytearray(open("u.bcf", "rb").read())
at = 9 + int.from_bytes(data[5:9], "little")
for _ in range(2):
    at += 8 + int.from_bytes(data[at:at + 4], "little") + int.from_bytes(data[at + 4:at + 8], "little")
at += 8 + int.from_bytes(data[at:at + 4], "little")  # the first descriptor of the third record
data[at + 2] = 0xe1
open("fields.bcf", "wb").write(data)
END
dp-index build -q fields.bcf
same "fields that do not fit" "$(dp-slice plan -n 3 fields.bcf | dp-slice fetch -q - | sum_of)" "$(sum_of <fields.bcf)"
dp-slice plan -n 1 --samples S3 fields.bcf >manifest
refused 1 "samples of such fields" "record 3 of this slice: FORMAT field .* of " dp-slice fetch -q -o none manifest
check "samples of such fields: no output" test ! -e none

# ---------------------------------------------------------------------------------------------- S3

serve rgw variants
export AWS_EC2_METADATA_DISABLED=true
for file in m.vcf.gz m.vcf.gz.tbi m.bcf m.bcf.csi; do
    /usr/bin/python3 "$top/tests/integration/s3.py" put "$file" variants "$file" || fail "$file: upload"
done
for file in m.vcf.gz m.bcf; do
    sliced "S3, not indexed" "s3://variants/$file" -n 5
    bcftools view -H -r chr1:100000-900000 "$file" >asked
    want=asked sliced "S3, not indexed" "s3://variants/$file" --region chr1:100000-900000
    dp-index build -q "s3://variants/$file" || fail "$file: dp-index build on S3"
    sliced "S3" "s3://variants/$file" -n 5
    want=asked sliced "S3" "s3://variants/$file" --region chr1:100000-900000
done
chosen s3://variants/m.bcf "S3" S3,s1 "" -n 3
chosen s3://variants/m.bcf "S3" ^s1 "-r chr1:100000-900000" --region chr1:100000-900000
same "samples on S3" "$(dp-slice plan -n 3 --samples S3 s3://variants/m.vcf.gz | dp-slice fetch -q - | sum_of)" \
    "$(bcftools view --no-version -I -s S3 m.vcf.gz | sum_of)"

summary
