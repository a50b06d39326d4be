#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Mates of real reads, and 200 objects under a prefix, in a folder and on S3: one manifest, every
# pair once, and one object that is broken.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

serve rgw reads
export AWS_EC2_METADATA_DISABLED=true
aws_cli() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

# --- mates
velvet=$(bash "$top/datasets/fetch.sh" velvet-tests | grep -m 1 '/read1.fq.gz$') || cannot "velvet-tests"
seqkit_reads=$(bash "$top/datasets/fetch.sh" seqkit-examples | grep -m 1 '/reads_1.fq.gz$') || cannot "seqkit-examples"
velvet=$(dirname "$velvet")
seqkit_reads=$(dirname "$seqkit_reads")
mkdir -p "$work/local"
cp "$velvet/read1.fq.gz" "$work/local/velvet_1.fq.gz"
cp "$velvet/read2.fq.gz" "$work/local/velvet_2.fq.gz"
cp "$seqkit_reads/reads_1.fq.gz" "$work/local/seqkit_1.fq.gz"
cp "$seqkit_reads/reads_2.fq.gz" "$work/local/seqkit_2.fq.gz"
# BGZF and plain as well.
zcat "$work/local/velvet_1.fq.gz" | bgzip >"$work/local/blocks_1.fq.gz" || cannot "bgzip"
zcat "$work/local/velvet_2.fq.gz" >"$work/local/blocks_2.fq"
aws_cli s3 cp --only-show-errors --recursive "$work/local" s3://reads/mates/ || cannot "awscli cannot upload"

# Names as mates share them, by another tool.
names() { seqkit seq -n -i | sed 's/[/.][12]$//'; }

turn=0
# pairs PLACE R1 R2 PLAN_ARGUMENT...: the slices of a plan are the whole of both, mate by mate.
pairs() {
    local place=$1 r1=$2 r2=$3 label
    shift 3
    label="$place$r1: $*"
    dp-slice plan --paired "$@" "$place$r1" "$place$r2" >"$work/plan" || { fail "$label: plan"; return; }
    if [ $((turn++ % 5)) = 0 ]; then # now and then, it costs as much as the rest
        dp-slice fetch -q --interleave "$work/plan" | sum_of >"$work/have" || fail "$label: fetch"
        same "$label: interleaved" "$(cat "$work/have")" "$want_both"
    fi
    rm -rf "$work/parts"
    dp-slice fetch -q -@ 2 --output-dir "$work/parts" "$work/plan" || { fail "$label: fetch"; return; }
    same "$label: R1" "$(cat "$work"/parts/*_R1.fastq | sum_of)" "$want_1"
    same "$label: R2" "$(cat "$work"/parts/*_R2.fastq | sum_of)" "$want_2"
    same "$label: lines of mates" "$(for file in "$work"/parts/*_R1.fastq; do
        [ "$(wc -l <"$file")" = "$(wc -l <"${file/_R1/_R2}")" ] || echo "$file"
    done)" ""
}

# names_of_slices: in both files of each slice the same, in order.
names_of_slices() {
    local file
    for file in "$work"/parts/*_R1.fastq; do
        cmp -s <(names <"$file") <(names <"${file/_R1/_R2}") || fail "$1: names in $file"
    done
    pass
}

text() { case $1 in *.gz) zcat "$1" ;; *) cat "$1" ;; esac; }
while read -r r1 r2 counts; do
    want_1=$(text "$work/local/$r1" | sum_of)
    want_2=$(text "$work/local/$r2" | sum_of)
    want_both=$(paste -d '\n' <(text "$work/local/$r1" | paste - - - -) <(text "$work/local/$r2" | paste - - - -) |
        tr '\t' '\n' | sum_of)
    for place in "$work/local/" s3://reads/mates/; do
        dp-index build -q -@ 2 -s 256K "$place$r1" "$place$r2" || fail "$place$r1: dp-index build"
        [[ $place == s3:* ]] && counts="1 7 32"
        for n in $counts; do
            pairs "$place" "$r1" "$r2" -n "$n"
            pairs "$place" "$r1" "$r2" -n "$n" --by bases
        done
        names_of_slices "$place$r1"
        pairs "$place" "$r1" "$r2" --records 777
        pairs "$place" "$r1" "$r2" --bytes 1M
        check "$place$r1: dp-slice check" dp-slice check -q --deep "$work/plan"
    done
done <<END
velvet_1.fq.gz velvet_2.fq.gz $(seq -s ' ' 1 32)
seqkit_1.fq.gz seqkit_2.fq.gz $(seq -s ' ' 1 32)
blocks_1.fq.gz blocks_2.fq 1 2 5 16 32
END

# R2 in another order, and shortened: refused when planning.
zcat "$work/local/velvet_2.fq.gz" | paste - - - - | awk 'NR == 9000 { kept = $0; next } { print } NR == 9001 { print kept }' |
    tr '\t' '\n' | gzip | aws_cli s3 cp --only-show-errors - s3://reads/mates/shuffled.fq.gz
zcat "$work/local/velvet_2.fq.gz" | head -n -4 | gzip | aws_cli s3 cp --only-show-errors - s3://reads/mates/short.fq.gz
dp-index build -q s3://reads/mates/shuffled.fq.gz s3://reads/mates/short.fq.gz || fail "indexes"
for other in shuffled short; do
    dp-slice plan --paired -n 4 s3://reads/mates/velvet_1.fq.gz "s3://reads/mates/$other.fq.gz" >"$work/out" 2>"$work/words"
    same "$other: exit status" "$?" 1
    same "$other: no line" "$(wc -c <"$work/out")" 0
done
dp-slice plan --paired -n 4 s3://reads/mates/velvet_1.fq.gz s3://reads/mates/shuffled.fq.gz 2>"$work/words"
check "the first record that differs" grep -q 'shuffled.fq.gz: record 9000 is ' "$work/words"
# And changed after planning: refused when fetching.
dp-slice plan --paired -n 4 s3://reads/mates/velvet_1.fq.gz s3://reads/mates/velvet_2.fq.gz >"$work/plan"
aws_cli s3 cp --only-show-errors s3://reads/mates/shuffled.fq.gz s3://reads/mates/velvet_2.fq.gz
rm -rf "$work/parts"
dp-slice fetch -q --output-dir "$work/parts" "$work/plan" 2>"$work/words"
same "changed after planning: exit status" "$?" 3
same "changed after planning: no file" "$(ls "$work/parts")" ""

# --- 200 objects: mixed sizes and codecs, one empty, one broken
mkdir "$work/run"
zcat "$velvet/reads.fq.gz" >"$work/all.fq"
from=1
for ((k = 1; k <= 198; k++)); do
    lines=$((4 * (1 + k * k % 487)))
    name=$work/run/part$(printf %03d "$k").fastq
    tail -n +"$from" "$work/all.fq" | head -n "$lines" >"$name"
    from=$((from + lines))
    case $((k % 3)) in
    1) gzip "$name" ;;
    2) bgzip "$name" ;;
    esac
done
: >"$work/run/part100a.fastq"
for file in "$work"/run/*; do text "$file"; done >"$work/whole"
head -n 150 "$work/all.fq" >"$work/run/part150broken.fastq"
aws_cli s3 cp --only-show-errors --recursive "$work/run" s3://reads/run/ || fail "upload"
want=$(sum_of <"$work/whole")
same "objects" "$(find "$work/run" -type f | wc -l)" 200

for place in "$work/run" s3://reads/run/; do
    dp-index build -q "$place" 2>"$work/words"
    same "$place: the broken one stops: exit status" "$?" 1
    check "$place: the broken one is named" grep -q 'part150broken.fastq: record 38' "$work/words"
    dp-index build -q --keep-going "$place" 2>"$work/words"
    same "$place: --keep-going: exit status" "$?" 1
    same "$place: it alone is named" "$(grep -c . "$work/words")" 1
    dp-slice plan -n 300 "$place" >"$work/plan" 2>"$work/words"
    same "$place: no plan: exit status" "$?" 1
    same "$place: no plan" "$(wc -c <"$work/plan")" 0
    check "$place: no plan: why" grep -q 'part150broken.fastq: it has no index' "$work/words"
    for how in "-n 300" "-n 300 --by bases" "--records 100" "--bytes 64K" "-n 16 --span" "--bases 100000 --span"; do
        # shellcheck disable=SC2086
        dp-slice plan --keep-going $how "$place" >"$work/plan" 2>"$work/words"
        same "$place: $how: exit status" "$?" 1
        same "$place: $how: it alone is named" "$(grep -c 'part150broken.fastq' "$work/words")" "$(grep -c . "$work/words")"
        same "$place: $how: all records" "$(dp-slice fetch -q -@ 4 "$work/plan" | sum_of)" "$want"
        check "$place: $how: check" dp-slice check -q "$work/plan"
        if [[ $how != *span* ]]; then
            same "$place: $how: slices with two objects" "$(grep -c '"source":1,' "$work/plan")" 0
        fi
    done
    same "$place: a pattern" "$(dp-slice plan -n 150 --by bytes "${place%/}/part0[0-4]*.gz" | dp-slice fetch -q - | sum_of)" \
        "$(for file in "$work"/run/part0[0-4]*.gz; do zcat "$file"; done | sum_of)"
done
dp-slice plan --keep-going -n 400 s3://reads/run/ 2>/dev/null |
    /usr/bin/python3 -c 'import json, sys
sizes = [json.loads(line)["counts"]["records"] for line in sys.stdin]
assert len(sizes) == 400 and max(sizes) <= sum(sizes) / 400 * 1.6, (len(sizes), max(sizes))' && pass || fail "balance"

summary
