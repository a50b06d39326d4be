#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Mates and many objects: plan, fetch, check.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

# mates RECORDS: r1.fq and r2.fq, reads of different lengths with the same names.
mates() {
    fastq "$1" 1 | awk 'NR % 4 == 1 { print "@m" (NR + 3) / 4 "/1 first"; next } { print }' >r1.fq
    fastq "$1" 9 | awk 'NR % 4 == 1 { print "@m" (NR + 3) / 4 "/2 second"; next } { print }' >r2.fq
}
# names FILE...: of all reads, without what follows '/'.
names() { awk 'FNR % 4 == 1 { sub("/.*", ""); print }' "$@"; }
# interleaved: r1.fq and r2.fq as one.
interleaved() { paste -d '\n' <(paste - - - - <r1.fq) <(paste - - - - <r2.fq) | tr '\t' '\n'; }

mates 12000
gzip -k1 r1.fq
gzip -k6 r2.fq
interleaved >both.fq
names r1.fq >all
ends 0 "indexes" dp-index build -q -s 128K r1.fq.gz r2.fq.gz both.fq r1.fq

# --- mates
for how in "-n 1" "-n 5" "-n 32" "-n 7 --by bases" "-n 32 --by bases" "-n 6 --by bytes" "--records 1001" \
    "--bases 300000" "--bytes 1M"; do
    # shellcheck disable=SC2086
    ends 0 "$how" dp-slice plan --paired $how -o plan r1.fq.gz r2.fq.gz
    rm -rf parts
    ends 0 "$how: fetch" dp-slice fetch -q -@3 --output-dir parts plan
    check "$how: R1" cmp <(cat parts/*_R1.fastq) r1.fq
    check "$how: R2" cmp <(cat parts/*_R2.fastq) r2.fq
    same "$how: files" "$(ls parts | wc -l)" $(($(wc -l <plan) * 2))
    for file in parts/*_R1.fastq; do
        cmp -s <(names "$file") <(names "${file/_R1/_R2}") || fail "$how: $file and its mate"
    done
    ends 0 "$how: interleaved" dp-slice fetch --interleave -o joined plan
    check "$how: interleaved" cmp joined both.fq
    ends 0 "$how: check" dp-slice check --deep plan
done
check "lines are short" test "$(awk 'length > l { l = length } END { print l }' plan)" -le 4096
mkdir far away
dp-index build -q -s 128K --index-dir far r1.fq.gz r2.fq.gz
mv r1.fq.gz.dpi r2.fq.gz.dpi away/
DP_INDEX_DIR=far dp-slice plan --paired -n 4 -o plan.far r1.fq.gz r2.fq.gz
ends 0 "check: the indexes of the slices" dp-slice check --deep plan.far
mv away/* .
ends 0 "check by standard input" bash -c "dp-slice check - <plan"
ends 0 "mates in parts of equal bases" dp-slice plan --paired -n 8 --by bases r1.fq.gz r2.fq.gz -o plan
rm -rf parts
ends 0 "BGZF" dp-slice fetch -q -z --output-dir parts plan
check "BGZF" cmp <(zcat parts/*_R2.fastq.gz) r2.fq
bases() { awk 'NR % 4 == 2 { n += length($0) } END { print n }'; }
for k in 1 2 3 4 5 6 7 8; do
    zcat parts/slice-0000$k"_R1.fastq.gz" parts/slice-0000$k"_R2.fastq.gz" | bases
done >sizes
check "bases are balanced within 1 %" awk 'NR == 1 { a = b = $1 } $1 < a { a = $1 } $1 > b { b = $1 }
    END { exit b > a * 1.01 }' sizes
rm -rf parts
ends 0 "a name of one's own" dp-slice fetch -q --output-dir parts --name '{output}.{number}.fq' plan
check "a name of one's own" cmp <(cat parts/R1.*.fq) r1.fq
ends 0 "resume" dp-slice fetch -v --resume --output-dir parts --name '{output}.{number}.fq' plan
says "8 of them were there already" "resume"
rm parts/R2.00003.fq
ends 0 "resume one" dp-slice fetch -v --resume --output-dir parts --name '{output}.{number}.fq' plan
says "7 of them were there already" "resume one"
check "resume one" cmp <(cat parts/R2.*.fq) r2.fq
ends 2 "two outputs are no stream" dp-slice fetch plan
same "two outputs are no stream" "$(wc -c <out)" 0
says "--interleave" "two outputs are no stream"
ends 2 "two outputs are no file" dp-slice fetch -o joined2 plan
no "two outputs are no file" joined2
ends 2 "two outputs are no pipe" dp-slice fetch --exec cat plan
ends 2 "two outputs need names" dp-slice fetch --output-dir parts --name '{id}' plan
ends 0 "interleaved into a pipe" dp-slice fetch --interleave --exec 'wc -l >lines.$DP_SLICE_NUMBER' plan
same "interleaved into a pipe" "$(cat lines.* | awk '{ n += $1 } END { print n }')" 96000

# --- no mates
ends 0 "one output" dp-slice plan -n 2 -o single r1.fq
ends 2 "nothing to interleave" dp-slice fetch --interleave single
{ head -n 20000 r2.fq && tail -n +20005 r2.fq | head -n 4 && sed -n 20001,20004p r2.fq && tail -n +20009 r2.fq; } >swapped.fq
head -n -4 r2.fq >short.fq
ends 0 "indexes" dp-index build -q swapped.fq short.fq
ends 1 "two reads in another order" dp-slice plan --paired -n 3 r1.fq swapped.fq
says "swapped.fq: record 5001 is \"m5002\", but its mate in .*r1.fq is \"m5001\"" "two reads in another order"
same "two reads in another order" "$(wc -c <out)" 0
ends 1 "a read is missing" dp-slice plan --paired -n 3 r1.fq short.fq
says "11999 records.* 12000" "a read is missing"
ends 2 "an odd one" dp-slice plan --paired -n 3 r1.fq short.fq r1.fq.gz
ends 1 "lines have no mates" bash -c "printf 'a\nb\n' >a.txt; cp a.txt b.txt
    dp-index build -q a.txt b.txt && dp-slice plan --paired -n 2 a.txt b.txt"
# R2 is changed after it was planned.
cp r2.fq.gz kept
ends 0 "before a change" dp-slice plan --inline --paired -n 4 -o plan r1.fq.gz r2.fq.gz
gzip -c6 swapped.fq >r2.fq.gz
ends 3 "changed since it was planned" dp-slice fetch -q --output-dir parts2 plan
no "changed since it was planned" parts2/slice-00001_R1.fastq parts2/slice-00001_R2.fastq
mv kept r2.fq.gz

# --- mates in one object stay together
for how in "--records 999" "-n 7" "-n 5 --by bases" "-n 9 --by bytes"; do
    # shellcheck disable=SC2086
    ends 0 "interleaved $how" dp-slice plan $how -o plan both.fq
    rm -rf parts
    ends 0 "interleaved $how" dp-slice fetch -q --output-dir parts plan
    check "interleaved $how" cmp <(cat parts/*) both.fq
    for file in parts/*; do
        names "$file" | uniq -c | awk '$1 != 2 { exit 1 }' || fail "interleaved $how: $file parts mates"
    done
    ends 0 "interleaved $how: check" dp-slice check --deep plan
done

# --- many objects
mkdir -p lane/sub
for k in 1 2 3 4 5 6; do
    head -n $((k * k * 1200)) r1.fq | gzip >lane/s$k.fq.gz
done
cp r2.fq lane/sub/last.fq
: >lane/empty.fq
ends 0 "indexes of a folder" dp-index build -q -@2 lane
cat <(zcat lane/s?.fq.gz) lane/sub/last.fq >whole
for how in "-n 30" "-n 9 --by bases" "-n 64 --by bytes" "--records 777" "--bytes 1M" "-n 5 --span" "--records 5000 --span" \
    "-n 40 --by bytes --span" "--bases 400001 --span"; do
    # shellcheck disable=SC2086
    ends 0 "folder $how" dp-slice plan $how -o plan lane
    ends 0 "folder $how: fetch" dp-slice fetch -q -@2 -o joined plan
    check "folder $how" cmp joined whole
    ends 0 "folder $how: check" dp-slice check --deep plan
    if [[ $how == *span* ]]; then
        check "folder $how: spans" grep -q '"source":1,' plan
    else
        same "folder $how: no slice has two objects" "$(grep -c '"source":1,' plan)" 0
    fi
done
ends 0 "fewer slices than objects" dp-slice plan -n 3 -o plan lane
says "warning: 7 slices" "fewer slices than objects"
same "fewer slices than objects" "$(wc -l <plan)" 7
ends 0 "equal parts over objects" dp-slice plan -n 100 --summary -o plan lane
same "equal parts over objects" "$(wc -l <plan)" 100
check "equal parts over objects" awk '/slices of/ { exit $7 > 1.1 * ($10 + 0) }' err
ends 0 "a pattern" dp-slice plan -n 20 'lane/s?.fq.gz' -o plan
check "a pattern" cmp <(dp-slice fetch plan) <(zcat lane/s?.fq.gz)
ls lane/s?.fq.gz | tac >list
ends 0 "a list" dp-slice plan -n 20 @list -o plan
check "a list keeps its order" cmp <(dp-slice fetch plan) <(tac <(ls lane/s?.fq.gz) | xargs zcat)
sed -i '5{h;d};6{G}' plan # two lines in another order do no harm
ends 0 "check takes any order" dp-slice check plan
sed -i 9d plan
ends 3 "a slice is missing" dp-slice check plan
says "slice 9 of 20 is missing" "a slice is missing"
ends 1 "an object twice" dp-slice plan -n 4 lane/s1.fq.gz 'lane/s*.gz'
says "s1.fq.gz: it is named twice" "an object twice"
ends 2 "one index for many" dp-slice plan -n 4 --index x.dpi lane

# One that is broken.
head -c 3000 lane/s6.fq.gz >lane/broken.fq.gz
ends 1 "broken" dp-index build lane
says "lane/broken.fq.gz: " "broken"
ends 1 "broken: plan" dp-slice plan -n 20 lane
says "lane/broken.fq.gz: it has no index" "broken: plan"
same "broken: no plan" "$(wc -c <out)" 0
rm -f lane/*.dpi lane/sub/*.dpi
ends 1 "broken, the rest goes on" dp-index build -q --keep-going lane
same "broken: indexes of the rest" "$(find lane -name '*.dpi' | wc -l)" 8
ends 1 "broken: plan of the rest" dp-slice plan -n 20 --keep-going lane -o plan
says "lane/broken.fq.gz: it has no index" "broken: plan of the rest"
same "broken: named once" "$(wc -l <err)" 1
ends 0 "broken: the rest" dp-slice fetch -q -o joined plan
check "broken: the rest" cmp joined whole

# Pairs by two patterns, by turns in a list; one pair that is none.
mkdir run
for k in 1 2 3; do
    head -n $((k * 4000)) r1.fq | gzip >run/s${k}_R1.fq.gz
    head -n $((k * 4000)) r2.fq | gzip >run/s${k}_R2.fq.gz
done
ends 0 "pairs: indexes" dp-index build -q run
ends 0 "pairs by patterns" dp-slice plan --paired -n 8 'run/*_R1.fq.gz' 'run/*_R2.fq.gz' -o plan
rm -rf parts
ends 0 "pairs by patterns: fetch" dp-slice fetch -q --output-dir parts plan
check "pairs by patterns: R1" cmp <(cat parts/*_R1.fastq) <(zcat run/*_R1.fq.gz)
check "pairs by patterns: R2" cmp <(cat parts/*_R2.fastq) <(zcat run/*_R2.fq.gz)
ends 1 "one without a mate" dp-slice plan --paired -n 8 run/s1_R1.fq.gz
says "run/s1_R1.fq.gz: it has no mate: 1 is an odd number of objects" "one without a mate"
ends 0 "pairs by turns" dp-slice plan --paired -n 8 run -o plan2
check "pairs by turns" cmp plan plan2
ends 0 "pairs that span" dp-slice plan --paired --span -n 4 --by bases run -o plan
ends 0 "pairs that span: check" dp-slice check --deep plan
ends 0 "pairs that span: interleaved" dp-slice fetch --interleave -o joined plan
same "pairs that span" "$(wc -l <joined)" 48000
zcat run/s2_R2.fq.gz | tail -n +5 | gzip >new
mv new run/s2_R2.fq.gz
ends 0 "one pair is none" dp-index build -q run
ends 1 "one pair is none" dp-slice plan --paired -n 8 run
ends 1 "the other pairs" dp-slice plan --paired --keep-going -n 8 run -o plan
says "s2_R2.fq.gz: it has 1999 records" "the other pairs"
rm -rf parts
ends 0 "the other pairs" dp-slice fetch -q --output-dir parts plan
check "the other pairs" cmp <(cat parts/*_R2.fastq) <(zcat run/s1_R2.fq.gz run/s3_R2.fq.gz)

summary
