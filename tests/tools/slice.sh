#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dp-slice: what plans promise, the ways to fetch, and what check finds.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

fastq 12000 >a.fq
gzip -k a.fq
ends 1 "no index" dp-slice plan -n2 a.fq.gz
says "dp-index build a.fq.gz" "no index"
ends 0 "index" dp-index build -q -s 64K a.fq.gz
ends 0 "index" dp-index build -q -s 64K a.fq

# whole NAME PLAN-OPTIONS...: the slices together are the object, and check agrees.
whole() {
    local name=$1
    shift
    ends 0 "$name: plan" dp-slice plan "$@"
    mv out m
    ends 0 "$name: fetch" dp-slice fetch -@3 m
    check "$name: bytes" cmp -s out a.fq
    ends 0 "$name: check" dp-slice check m
    ends 0 "$name: check --deep" dp-slice check --deep -@2 m
    says "tile .*byte for byte" "$name: check --deep"
}
for object in a.fq.gz a.fq; do
    whole "$object -n1" -n1 $object
    whole "$object -n7" -n7 $object
    whole "$object bases" -n5 --by bases $object
    whole "$object bytes" -n5 --by bytes $object
    whole "$object --bytes" --bytes 300K $object
    whole "$object --bases" --bases 333333 $object
    whole "$object --records" --records 999 $object
    whole "$object inline" -n6 --inline $object
done

# --- plan
ends 0 "summary" dp-slice plan -n64 --summary a.fq.gz
says "^dp-slice: 64 slices of 187 to 188 records, median 188, CV 0.00" "summary"
says "GETs, .* bytes (.*) to fetch, amplification [0-9.]*$" "summary"
same "one line a slice" "$(wc -l <out)" 64
ends 0 "plan -o" dp-slice plan -n64 -o m64 a.fq.gz
check "plan -o" test ! -s out
dp-slice plan -n64 a.fq.gz >again
check "a plan is a function of its object" cmp m64 again
ends 1 "plan -o on a full disk" dp-slice plan -n64 -o /dev/full a.fq.gz
ends 1 "plan on a full disk" bash -c "dp-slice plan -n64 a.fq.gz >/dev/full"
says "No space left on device" "plan on a full disk"

# --- fetch: one output
ends 0 "only" dp-slice fetch --only 3,10-12 m64
sed -n '3p;10,12p' m64 | dp-slice fetch - >lines
check "only" cmp out lines
sed -n 9p m64 >line
ends 0 "--slice" dp-slice fetch --slice "$(cat line)"
dp-slice fetch line >nine
check "--slice" cmp out nine
same "records of a slice" "$(($(wc -l <nine) / 4))" 187
ends 1 "a number that is not there" dp-slice fetch --only 60-70 m64
says "6 of the 11 slices that it names are not in the manifest" "a number that is not there"
# Of lines that are not wanted only the check is looked at, whoever wrote them.
dp-slice fetch --only 7 m64 >seventh
sed 's/,"/, "/g' m64 >blanks
ends 0 "--only, lines with blanks" dp-slice fetch --only 7 blanks
check "--only, lines with blanks" cmp out seventh
sed '5s/"line":/"line":1/' m64 >harmed
ends 3 "--only beside a harmed line" dp-slice fetch --only 7 harmed
says "harmed: line 5: " "--only beside a harmed line"
ends 0 "-o" dp-slice fetch -@2 -o whole.fq m64
check "-o" cmp whole.fq a.fq
ends 0 "moved away from its manifest" bash -c "mkdir -p deep && cd deep && dp-slice fetch ../m64"
check "moved away from its manifest" cmp out a.fq
ends 3 "an empty manifest" dp-slice fetch /dev/null
ends 3 "no manifest" dp-slice fetch a.fq
says "a.fq: line 1: " "no manifest"
ends 1 "a missing manifest" dp-slice fetch nothing
head -c 1000 m64 >shorter
ends 3 "a manifest that was cut" dp-slice fetch shorter
sed '5s/"n":5/"n":6/' m64 >bad
ends 3 "a changed digit" dp-slice fetch bad
says "bad: line 5: " "a changed digit"
# --- fetch: a manifest that lost lines is no whole plan
head -n 40 m64 >cut.m
ends 3 "cut at the end of a line" dp-slice fetch cut.m
says "^dp-slice: cut.m: slice 41 of 64 is missing; --partial" "cut at the end of a line"
check "nothing of it is fetched" test ! -s out
ends 3 "cut, on a pipe" bash -c "cat cut.m | dp-slice fetch -o piped.fq -"
says "^dp-slice: stdin: slice 41 of 64 is missing" "cut, on a pipe"
no "cut, on a pipe" piped.fq
ends 3 "cut, as standard input" bash -c "dp-slice fetch - <cut.m"
check "cut, as standard input: nothing is fetched" test ! -s out
sed 20d m64 >lost
ends 3 "a line is lost" dp-slice fetch --exec 'cat >/dev/null; touch begun' lost
says "slice 20 of 64 is missing" "a line is lost"
no "a line is lost: no command began" begun
sed 20p m64 >doubled
ends 3 "a line is there twice" dp-slice fetch doubled
says "slice 20 of 64 is there twice" "a line is there twice"
cat m64 m64 >doubled
ends 3 "a plan is there twice" dp-slice fetch doubled
says "slice 1 of 64 is there twice" "a plan is there twice"
ends 3 "not in order" bash -c "(sed -n 1p m64; sed 1d m64 | tac) | dp-slice fetch -"
dp-slice fetch --only 1-40 m64 >forty
ends 0 "--partial" dp-slice fetch --partial cut.m
check "--partial" cmp out forty
ends 0 "--only of a part" dp-slice fetch --only 40,1-39 cut.m
check "--only of a part" cmp out forty
for line in 1 17; do
    ends 0 "line $line alone" bash -c "sed -n ${line}p m64 | dp-slice fetch -"
done
ends 0 "a part from elsewhere" bash -c "sed -n '17,32p;40p' m64 | dp-slice fetch -"
ends 0 "shared out" bash -c "split -n l/4 --filter='dp-slice fetch --partial -' m64"
check "shared out" cmp out a.fq
dp-slice plan -n5 a.fq >m5
ends 0 "two whole plans" bash -c "cat m64 m5 | dp-slice fetch -"
check "two whole plans" cmp out <(cat a.fq a.fq)
head -n 3 m5 >>m64.m5
ends 3 "two plans, one of them cut" bash -c "cat m64 m64.m5 | dp-slice fetch -"
says "slice 4 of 5 is missing" "two plans, one of them cut"
ends 1 "a full disk" bash -c "dp-slice fetch m64 >/dev/full"
says "No space left on device" "a full disk"

# --- fetch: a file for each slice
ends 0 "output-dir" dp-slice fetch -@2 --output-dir d1/deep m64
same "output-dir" "$(ls d1/deep | wc -l)" 64
cat d1/deep/* >out
check "output-dir" cmp out a.fq
ends 0 "template" dp-slice fetch --only 2 --output-dir d2 --name 'p{number}.{format}-{id}' m64
check "template" bash -c "ls d2 | grep -qxE 'p00002.fastq-[0-9a-f]{32}'"
# Nothing is fetched twice, and only what was checked counts as there.
ends 0 "nothing to resume" dp-slice fetch -v --resume --output-dir d1/deep m64
says "64 of them were there already" "nothing to resume"
rm d1/deep/slice-00003.fastq
: >d1/deep/slice-00004.fastq
ends 0 "resume" dp-slice fetch -v --resume --output-dir d1/deep m64
says "62 of them were there already" "resume"
cat d1/deep/* >out
check "resume" cmp out a.fq
dp-slice plan -n32 a.fq.gz >m32
for option in --resume -q; do
    ends 1 "$option into the folder of another plan" dp-slice fetch -@2 $option --output-dir d1/deep m32
    says "^dp-slice: d1/deep: slice-000.* is there, a slice of another plan" "$option: another plan"
    same "$option: another plan: one message" "$(grep -c 'is there' err)" 1
done
cat d1/deep/* >out
check "the slices of the other plan are untouched" cmp out a.fq
rm d1/deep/*
ends 0 "the other plan is gone" dp-slice fetch -v --resume --output-dir d1/deep m32
says " 0 of them were there already" "the other plan is gone"
ends 0 "nothing of it comes back" dp-slice fetch -v --resume --output-dir d1/deep m32
says " 32 of them were there already" "nothing of it comes back"
if dp-slice fetch -z --only 1 m64 >/dev/null 2>&1; then
    ends 0 "as they are" dp-slice fetch --output-dir d9 --name '{number}' m32
    ends 0 "resume in another form" dp-slice fetch -v -z --resume --output-dir d9 --name '{number}' m32
    says " 0 of them were there already" "resume in another form"
    check "resume in another form" cmp a.fq <(cat d9/* | gzip -dc)
    ends 0 "resume in that form" dp-slice fetch -v -z --resume --output-dir d9 --name '{number}' m32
    says "32 of them were there already" "resume in that form"
fi
cat m64 m32 >mixed
ends 3 "two plans, one folder" dp-slice fetch --output-dir d3 mixed
says "another plan" "two plans, one folder"
ends 0 "two plans, names by id" dp-slice fetch --output-dir d4 --name '{id}' mixed
same "two plans, names by id" "$(ls d4 | wc -l)" 96
ends 0 "two plans, names by id, resumed" dp-slice fetch -v --resume --output-dir d4 --name '{id}' m32
says " 32 of them were there already" "two plans, names by id, resumed"
ends 1 "names by number among those" dp-slice fetch --output-dir d4 m32
# A slice that fails leaves no file and hides no other.
sed '4s/"decoded":{"end":\([0-9]*\),"crc32":"......../"decoded":{"end":\1,"crc32":"00000000/' m32 |
    head -8 >wrong
ends 3 "a line that was edited" dp-slice fetch --partial --output-dir d5 wrong
cp a.fq.gz broken.fq.gz
dp-index build -q -s 64K broken.fq.gz
dp-slice plan -n8 --inline broken.fq.gz >mb
touch -r broken.fq.gz stamp
printf 'XXXX' | dd of=broken.fq.gz bs=1 seek=$(($(stat -c %s a.fq.gz) / 2)) conv=notrunc 2>/dev/null
touch -r stamp broken.fq.gz
ends 1 "damaged object" dp-slice fetch --output-dir d6 mb
says "slices failed: " "damaged object"
check "damaged object: others are there" test "$(ls d6 | wc -l)" -ge 6
check "damaged object: not all are" test "$(ls d6 | wc -l)" -lt 8
ends 1 "damaged object, -o" dp-slice fetch -o all.fq mb
no "damaged object, -o" all.fq

# --- fetch: a command for each slice
ends 0 "exec" dp-slice fetch -@3 --exec 'wc -l >$DP_SLICE_NUMBER.lines; echo $DP_SLICE_COUNT $DP_SLICE_ID >$DP_SLICE_NUMBER.env' m32
same "exec" "$(cat ./*.lines | awk '{ n += $1 } END { print n }')" 48000
check "exec: environment" grep -qxE '32 [0-9a-f]{32}' 32.env
ends 7 "a command that fails" dp-slice fetch -@2 --exec 'cat >/dev/null; test $DP_SLICE_NUMBER != 3 || exit 7' m32
says "slice 3: the command failed with status 7" "a command that fails"
says "1 slices failed: 3$" "a command that fails"
ends 0 "a command that has seen enough" dp-slice fetch --exec 'head -n1 >/dev/null' m32
ends 137 "a command that is killed" dp-slice fetch --only 2 --exec 'kill -9 $$' m32
# What is wrong is never handed over as if it were whole.
ends 1 "a command and a damaged slice" dp-slice fetch --exec 'cat >c.$DP_SLICE_NUMBER && touch whole.$DP_SLICE_NUMBER' mb
same "a command and a damaged slice" "$(ls whole.? | wc -l)" "$(ls d6 | wc -l)"

# --- killed and stopped
dp-slice fetch --output-dir whole m64
for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.06; do
    rm -rf d8
    dp-slice fetch -@2 --output-dir d8 m64 &
    sleep $delay
    kill -KILL $!
    wait $! 2>/dev/null
    for file in d8/slice-*; do
        [ ! -e "$file" ] || cmp -s "$file" "whole/${file#d8/}" || fail "killed: $file is not whole"
    done
done
ends 0 "resume what was killed" dp-slice fetch --resume --output-dir d8 m64
check "resume what was killed" diff <(cat d8/*) a.fq
dp-slice plan -n1 a.fq.gz >m1
dp-slice fetch --exec 'echo >started; sleep 60; cat >/dev/null && echo >done' m1 2>err &
wait_for test -e started
kill -TERM $!
wait $! 2>/dev/null
same "SIGTERM" "$?" 143
no "a command is stopped before its input ends" "done"
check "SIGTERM is silent" test ! -s err

# --- BGZF
if dp-slice fetch -z --only 1 m32 >z 2>err; then
    dp-slice fetch --only 1 m32 >plain
    check "-z" bash -c "gzip -dc z | cmp - plain"
    ends 0 "-z: all" dp-slice fetch -z -@2 m32
    check "-z: all" bash -c "gzip -dc out | cmp - a.fq"
    tail -c 28 out | od -An -tx1 | tr -d ' \n' >end
    same "-z: end block" "$(cat end)" 1f8b08040000000000ff0600424302001b0003000000000000000000
    same "-z: one end block" "$(LC_ALL=C grep -aobP '\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00' out | wc -l)" 1
    cp out b.fq.gz
    ends 0 "-z: files" dp-slice fetch -z --output-dir d7 m32
    check "-z: files" bash -c "cat d7/slice-*.fastq.gz | gzip -dc | cmp - a.fq"
    ends 0 "-z: its own output is an object" dp-index build b.fq.gz
    check "-z: its own output is BGZF" bash -c "dp-index show b.fq.gz | grep -qE '^codec +bgzf'"
    dp-slice plan -n5 b.fq.gz >mz
    ends 0 "-z: sliced again" dp-slice fetch mz
    check "-z: sliced again" cmp out a.fq
else
    says "not built in" "-z"
fi

# --- check
sed 7d m32 >hole
ends 3 "a hole" dp-slice check hole
says "slice 7 of 32 is missing" "a hole"
sed 7p m32 >twice
ends 3 "twice" dp-slice check twice
says "slice 7 is there more than once" "twice"
head -31 m32 >short
ends 3 "the last one is missing" dp-slice check short
ends 3 "two plans" dp-slice check mixed
ends 0 "any order" bash -c "tac m32 | dp-slice check --deep -"
ends 3 "an empty manifest" dp-slice check /dev/null
fastq 12000 2 >c.fq
dp-index build -q c.fq
dp-slice plan -n4 c.fq >mc
ends 0 "check" dp-slice check mc
fastq 12000 3 >c.fq
ends 3 "another object" dp-slice check mc
ends 3 "every slice of another object is refused" dp-slice fetch mc
ends 3 "a stale index" dp-slice plan -n4 c.fq
says "^dp-slice: .*c.fq" "a stale index"
ends 1 "check of a damaged object" dp-slice check --deep mb
ends 1 "no index for check" bash -c "mv a.fq.gz.dpi kept; dp-slice check m32"
ends 0 "--index" dp-slice check --deep --index kept m32
ends 0 "fetch --index" dp-slice fetch --index kept m32
check "fetch --index" cmp out a.fq
dp-slice plan -n 8 --index kept a.fq.gz >mk
ends 0 "the index of the slices" dp-slice check --deep mk
ends 0 "in any order" bash -c "tac mk | dp-slice check -"
mv kept a.fq.gz.dpi
ends 0 "else the one beside the object" dp-slice check mk
mv a.fq.gz.dpi kept
dp-index build -q -o a.fq.gz.dpi c.fq
ends 0 "the index of the slices comes first" bash -c "dp-slice plan -n 3 --index kept a.fq.gz | dp-slice check -"
mv a.fq.gz.dpi other
cp kept was
dp-slice plan -n 3 --index was a.fq.gz >mk
mv other was
ends 3 "another object's index in its place" dp-slice check mk
rm was
ends 0 "inline needs no index" bash -c "mv kept a.fq.gz.dpi; dp-slice plan --inline -n9 a.fq.gz >mi && rm a.fq.gz.dpi && dp-slice fetch mi"
check "inline needs no index" cmp out a.fq

# --- empty objects and more slices than records
: >e.fq
dp-index build -q -f text e.fq
dp-slice plan -n3 e.fq >me
ends 0 "empty object" dp-slice fetch me
same "empty object" "$(wc -c <out)" 0
ends 0 "empty object: check" dp-slice check --deep me
fastq 3 >t.fq
dp-index build -q t.fq
dp-slice plan -n8 t.fq >mt
ends 0 "more slices than records" dp-slice fetch mt
check "more slices than records" cmp out t.fq
ends 0 "more slices than records: check" dp-slice check --deep mt
# --- nothing that is read is overwritten, by whatever name
cp a.fq 'source #1%41.fq'
dp-index build -q 'source #1%41.fq'
ln -s 'source #1%41.fq' alias
mkdir sources
ln 'source #1%41.fq' sources/slice-00001.fastq
dp-slice plan -n3 'source #1%41.fq' >ms
cp ms ms.kept
ends 1 "plan -o is the object" dp-slice plan -n3 -o alias 'source #1%41.fq'
says "^dp-slice: alias: it is read from too" "plan -o is the object"
ends 1 "fetch -o is the object" dp-slice fetch -o 'source #1%41.fq' ms
says "source #1%41.fq: it is read from too" "fetch -o is the object"
ends 1 "fetch -o is a link to the object" dp-slice fetch -o alias --slice "$(sed -n 2p ms)"
ends 1 "fetch -o is the manifest" dp-slice fetch -o "$PWD/ms" ms
ends 1 "a slice's file is the object" dp-slice fetch --output-dir sources ms
cp 'source #1%41.fq.dpi' kept
cp kept sources/slice-00002.fastq
ends 1 "plan -o is the index" dp-slice plan -n3 -o 'source #1%41.fq.dpi' 'source #1%41.fq'
says "it is an index" "plan -o is the index"
ends 1 "fetch -o is the index" dp-slice fetch -o 'source #1%41.fq.dpi' ms
ends 1 "a slice's file is an index" dp-slice fetch --output-dir sources --only 2 ms
ln -f ms sources/slice-00003.fastq
ends 1 "a slice's file is the manifest" dp-slice fetch --output-dir sources --only 3 ms
check "the index is untouched" cmp kept 'source #1%41.fq.dpi'
check "the index is untouched by its other name" cmp kept sources/slice-00002.fastq
check "the object is untouched" cmp a.fq 'source #1%41.fq'
check "the object is untouched by its other name" cmp a.fq sources/slice-00001.fastq
check "the manifest is untouched" cmp ms.kept ms
# --- "-" is standard output; what is wrong has a name
ends 0 "plan -o -" dp-slice plan -n3 -o - 'source #1%41.fq'
check "plan -o -" cmp ms out
ends 0 "fetch -o -" dp-slice fetch -o - ms
check "fetch -o -" cmp a.fq out
no "no file of that name" ./-
ends 1 "a folder is no manifest" dp-slice fetch sources
says "^dp-slice: sources: Is a directory" "a folder is no manifest"
ends 1 "closed standard input" bash -c "dp-slice fetch - <&-"
says "^dp-slice: stdin: Bad file" "closed standard input"
ends 3 "an empty manifest" dp-slice fetch /dev/null
says "^dp-slice: /dev/null: the manifest is empty" "an empty manifest"
sed 2p ms >ms.twice
ends 3 "a slice twice" dp-slice check ms.twice
says "^dp-slice: ms.twice: slice 2 is there more than once" "a slice twice"
sed 2d ms >ms.short
ends 3 "a slice is missing" dp-slice check ms.short
says "^dp-slice: ms.short: slice 2 of 3 is missing" "a slice is missing"
summary
