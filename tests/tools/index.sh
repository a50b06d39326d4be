#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dp-index: build, show, verify; what is kept, what is replaced, what is refused.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

fastq 20000 >a.fq
gzip -k a.fq
bases=$(awk 'NR % 4 == 2 { n += length } END { print n }' a.fq)

# --- build
ends 0 "build" dp-index build -s 256K a.fq.gz
says "a.fq.gz: indexed: " "build"
check "the index is there" test -s a.fq.gz.dpi
ends 0 "again" dp-index build a.fq.gz
says "up to date" "again"
ends 0 "quiet" dp-index build -q --force -s 256K a.fq.gz
check "quiet" test ! -s err -a ! -s out
cp a.fq.gz.dpi first.dpi
ends 0 "force" dp-index build --force -v -@3 -s 256K a.fq.gz
says "20000 records, $bases bases" "figures with -v"
check "bytes do not depend on threads" cmp a.fq.gz.dpi first.dpi
ends 0 "zlib" dp-index build --force --backend zlib -s 256K a.fq.gz
check "bytes do not depend on the backend" cmp a.fq.gz.dpi first.dpi
ends 2 "unknown backend" dp-index build --force --backend none a.fq.gz
check "a failure leaves the old index" cmp a.fq.gz.dpi first.dpi
ends 0 "as text" dp-index build -f text -o text.dpi a.fq.gz
ends 0 "another format is not up to date" dp-index build -f fastq -o text.dpi a.fq.gz
says "indexed" "another format is not up to date"
ends 0 "a spacing" dp-index build -s 100K -o text.dpi a.fq.gz
ends 0 "another spacing is not up to date" dp-index build -s 50K -o text.dpi a.fq.gz
says "indexed" "another spacing is not up to date"
ends 0 "no spacing in particular" dp-index build -o text.dpi a.fq.gz
says "up to date" "no spacing in particular"
ends 0 "a spacing with too many points" dp-index build -s 1 -o text.dpi a.fq
ends 0 "a spacing with too many points" dp-index build -s 1 -o text.dpi a.fq
says "up to date" "a spacing with too many points"
ends 0 "standard input" bash -c "cat a.fq.gz | dp-index build -s 256K -o stdin.dpi -"
check "standard input gives the same index" cmp stdin.dpi first.dpi
ends 0 "index dir" dp-index build --index-dir ix/deep a.fq.gz
same "index dir" "$(find ix -name 'a.fq.gz.dpi' | wc -l)" 1
mkdir -p below/deep
ends 0 "index dir, from elsewhere" bash -c "cd below/deep; dp-index build -v --index-dir ../../ix/deep ../../a.fq.gz"
says "up to date" "index dir, from elsewhere"
ends 0 "DP_INDEX_DIR" env DP_INDEX_DIR=env dp-index build a.fq.gz
same "DP_INDEX_DIR" "$(find env -name 'a.fq.gz.dpi' | wc -l)" 1
ends 0 "plain" dp-index build a.fq
ends 0 "odd names" bash -c "cp a.fq '100% #? é.fq' && dp-index build '100% #? é.fq'"
check "odd names" test -s '100% #? é.fq.dpi'

# --- show and verify
ends 0 "show" dp-index show a.fq.gz
check "show" grep -qE "^records +20000$" out
ends 0 "show an index" dp-index show first.dpi
ends 0 "show an index of another name" bash -c "cp first.dpi other; dp-index show other"
ends 0 "json" dp-index show --json a.fq.gz
check "json: one line" test "$(wc -l <out)" = 1
for key in format codec records bases uncompressed_bytes members seek_points index_bytes source; do
    check "json: $key" grep -q "\"$key\":" out
done
check "json: records" grep -qE '"records": ?20000' out
ends 1 "show without an index" bash -c "cp a.fq b.fq; dp-index show b.fq"
ends 0 "verify" dp-index verify a.fq.gz
ends 0 "verify --deep" dp-index verify --deep a.fq.gz
ends 0 "verify --index" dp-index verify --deep --index first.dpi a.fq.gz
mv a.fq.gz.dpi kept.dpi
ends 1 "verify without an index" dp-index verify a.fq.gz
ends 1 "no such object" dp-index build nothing.fq
says "nothing.fq" "no such object"

# --- stale and damaged indexes
fastq 20000 2 | gzip >b.fq.gz
cp kept.dpi b.fq.gz.dpi
ends 3 "stale" dp-index verify b.fq.gz
says "^dp-index: .*b.fq.gz" "stale"
ends 0 "stale is rebuilt" dp-index build b.fq.gz
says "indexed" "stale is rebuilt"
ends 0 "rebuilt" dp-index verify --deep b.fq.gz
size=$(stat -c %s kept.dpi)
for at in 0 20 $((size / 2)) $((size - 5)); do
    cp kept.dpi a.fq.gz.dpi
    printf '\377\376\375\374' | dd of=a.fq.gz.dpi bs=1 seek="$at" conv=notrunc 2>/dev/null
    ends 3 "damaged at $at" dp-index verify a.fq.gz
done
head -c $((size / 2)) kept.dpi >a.fq.gz.dpi
ends 3 "cut" dp-index verify a.fq.gz
ends 0 "damaged is rebuilt" dp-index build -s 256K a.fq.gz
check "damaged is rebuilt" cmp a.fq.gz.dpi kept.dpi

# --- damaged objects
head -c 200000 a.fq.gz >cut.fq.gz
ends 1 "truncated" dp-index build cut.fq.gz
no "truncated" cut.fq.gz.dpi
ends 0 "truncated, allowed" dp-index build --allow-truncated cut.fq.gz
says "warning: .*truncated" "truncated, allowed"
ends 0 "the sound part" dp-index show --json cut.fq.gz
check "the sound part" grep -qE '"complete": ?false' out
ends 1 "an incomplete index is not up to date" dp-index build cut.fq.gz
for length in 1 2 3 10; do
    head -c $length a.fq.gz >begin.fq.gz
    ends 1 "the first $length bytes" dp-index build begin.fq.gz
    says "unexpected end of file" "the first $length bytes"
    no "the first $length bytes" begin.fq.gz.dpi
done
(cat a.fq.gz && echo garbage) >garbage.fq.gz
ends 0 "garbage" dp-index build garbage.fq.gz
says "warning: .*garbage.fq.gz.* 8 bytes of trailing garbage" "garbage"
sed '4004s/./ /' a.fq >bad.fq
ends 1 "bad record" dp-index build bad.fq
says "record 1001" "bad record"
says "line 4004" "bad record"
no "bad record" bad.fq.dpi

# --- several objects
mv kept.dpi kept
rm -f ./*.dpi
ends 1 "several" dp-index build --keep-going -@2 a.fq.gz nothing.fq bad.fq b.fq.gz a.fq
check "one that fails hides no other" test -s a.fq.gz.dpi -a -s b.fq.gz.dpi -a -s a.fq.dpi
says "nothing.fq" "several"
says "bad.fq" "several"
rm -f ./*.dpi
ends 1 "the first failure ends it" dp-index build -@1 nothing.fq a.fq.gz b.fq.gz
says "2 more objects were not begun" "the first failure ends it"
no "the first failure ends it" a.fq.gz.dpi b.fq.gz.dpi

# --- folders, patterns, lists
mkdir -p many/deeper
cp a.fq.gz "many/a b.fq.gz"
cp b.fq.gz many/deeper/b.fq.gz
: >many/empty.fq
printf '' | gzip >many/empty.fq.gz
ends 0 "a folder" dp-index build -q many
check "a folder" test -s "many/a b.fq.gz.dpi" -a -s many/deeper/b.fq.gz.dpi -a -s many/empty.fq.dpi \
    -a -s many/empty.fq.gz.dpi
no "indexes are not indexed" many/empty.fq.dpi.dpi
ends 0 "a folder again" dp-index build many/
same "a folder again" "$(grep -c 'up to date' err)" 4
ends 1 "empty alone is a mistake" dp-index build --force many/empty.fq
rm -f many/*.dpi many/deeper/*.dpi
ends 0 "a pattern" dp-index build -q 'many/*.fq.gz'
check "a pattern" test -s "many/a b.fq.gz.dpi"
no "a pattern" many/deeper/b.fq.gz.dpi
printf '%s\r\n' 'many/a b.fq.gz' '' many/deeper >list
ends 0 "a list" dp-index build @list
same "a list" "$(grep -c -e 'up to date' -e indexed: err)" 2
ends 0 "a list from standard input" bash -c "dp-index build -q @- <list"
ends 1 "a pattern of nothing" dp-index build 'many/*.nothing'
says "no such object" "a pattern of nothing"
mkdir -p bare/deeper 'bare/odd [1]'
for operand in bare bare/ "file://$PWD/bare" 'bare/odd [1]'; do
    for command in "dp-index build" "dp-slice plan -n 2"; do
        # shellcheck disable=SC2086
        ends 1 "$command: an empty folder" $command "$operand"
        says ": an empty folder or prefix: no objects in it$" "$command: $operand"
    done
done
: >list
ends 1 "an empty list" dp-index build @list
ends 1 "no list" dp-index build @nolist
ends 2 "an index on standard output" dp-index build -o - a.fq.gz
ends 2 "one output for many" dp-index build -o x.dpi many

# --- destinations
mkdir sealed
chmod 555 sealed
if [ -w sealed ]; then # a superuser may write anywhere: take what is no folder
    ends 1 "no folder" dp-index build -o a.fq/x.dpi b.fq.gz
else
    ends 1 "no right to write" dp-index build -o sealed/x.dpi b.fq.gz
    says "sealed" "no right to write"
fi
chmod 755 sealed
# The place is tried before anything is read: this object never ends.
mkfifo pipe
exec 3<>pipe
ends 1 "tried before reading" timeout 60 dp-index build -o a.fq/x.dpi - <pipe
exec 3>&-
# What cannot be saved at the end is left here.
mkdir left
ends 1 "full disk" bash -c "cd left && dp-index build -o /dev/full ../b.fq.gz"
check "left in the current folder" test -s left/b.fq.gz.dpi
says "left in ./b.fq.gz.dpi" "full disk"
ends 0 "what was left is right" dp-index verify --deep --index left/b.fq.gz.dpi b.fq.gz

# --- no index belongs beside a pipe or device
ends 2 "a pipe without a place" timeout 60 dp-index build pipe
says "output" "a pipe without a place"
ends 2 "a device without a place" dp-index build /dev/null
no "a pipe without a place" pipe.dpi
ends 0 "a pipe with a place" bash -c "cat b.fq.gz >pipe & dp-index build -q -o piped.dpi pipe"
check "a pipe with a place" cmp piped.dpi left/b.fq.gz.dpi

# --- a name that is long enough itself and too long when encoded, in a folder of indexes
long=$(printf '\303\251%.0s' $(seq 120))
cp b.fq.gz "$long"
ends 0 "a long name" dp-index build -q --index-dir folder "$long"
ends 0 "a long name is found" env DP_INDEX_DIR=folder dp-index verify "$long"
same "a long name" "$(find folder -name '*.dpi' | wc -l)" 1
rm "$long"
# One that leaves no room for ".dpi": nothing can be beside it.
long=$(printf '%0252d' 1)
cp b.fq.gz "$long"
ends 1 "no place beside a long name" dp-index build -q "$long"
says "$long.dpi: this name is too long for an index: --output gives it another" "no place beside a long name"
ends 1 "no index beside a long name" dp-slice plan -n 2 "$long"
says "it has no index yet" "no index beside a long name"
ends 0 "a long name needs no index" dp-zcat "$long"
check "a long name needs no index" cmp out <(gzip -dc <b.fq.gz)
ends 1 "write-index beside a long name" dp-zcat --write-index "$long"
says "--output gives it another" "write-index beside a long name"
ends 0 "another place for a long name" dp-index build -q -o short.dpi "$long"
ends 0 "a folder for a long name" env DP_INDEX_DIR=folder dp-index build -q "$long"
ends 0 "a long name is found again" env DP_INDEX_DIR=folder dp-slice plan -n 2 "$long"
rm "$long"

# --- two builds of the same object at once
rm -f a.fq.gz.dpi
dp-index build -q --force -s 256K a.fq.gz &
one=$!
dp-index build -q --force -s 256K a.fq.gz &
wait $one $!
check "two at once" cmp a.fq.gz.dpi kept

# --- an index never takes the place of anything else
cp a.fq.gz data.gz
ends 1 "-o is the object" dp-index build -o data.gz data.gz
says "^dp-index: data.gz: this is no index" "-o is the object"
ends 1 "-o is another object" dp-index build --force -o data.gz a.fq.gz
ends 1 "-o is the object on standard input" bash -c "dp-index build -o data.gz - <data.gz"
ends 1 "a URI of it" dp-index build -o "file://$PWD/data.gz" a.fq.gz
ends 1 "dp-zcat -o is the object" dp-zcat --write-index -o data.gz data.gz
check "the object is untouched" cmp a.fq.gz data.gz
: >data.dpi
ends 0 "an empty file is nobody's" dp-index build -q -o data.dpi a.fq.gz
ends 0 "an index is replaced" dp-index build -q --force -o data.dpi a.fq
ends 0 "an index goes down a pipe" bash -c "dp-index build -q -o >(cat >through.dpi) a.fq.gz"
wait_for dp-index verify -q --index through.dpi a.fq.gz
ends 0 "an index goes down a pipe" dp-index verify --index through.dpi a.fq.gz
ends 0 "a device" dp-index build -q -o /dev/null a.fq.gz

# --- killed and stopped, while the end of the object is still to come
mkdir killed
for signal in KILL TERM INT; do
    rm pipe
    mkfifo pipe
    exec 3<>pipe
    # Background jobs of a script ignore SIGINT unless told otherwise.
    env --default-signal=INT dp-index build -o killed/x.dpi - <pipe 2>err &
    builder=$!
    head -c 300000 a.fq.gz >&3
    kill -"$signal" "$builder"
    wait "$builder" 2>/dev/null
    same "SIG$signal: status" "$?" $((128 + $(kill -l "$signal")))
    same "SIG$signal: nothing is left" "$(ls -A killed)" ""
    exec 3>&-
done

# --- the counts of a run, also of one that failed; nothing else is overwritten by them
ends 0 "--stats" dp-index build --force --stats counts a.fq
check "--stats: one JSON object" grep -qE '^\{"tool":"dp-index","status":0,"seconds":[0-9.]+,"requests":0,.*"read_bytes":[1-9][0-9]*\}$' counts
ends 1 "--stats of a failed run" dp-index build --stats counts none.fq
check "--stats of a failed run" grep -q '"status":1,' counts
before=$(cksum <a.fq)
ends 1 "--stats over data" dp-index build --force --stats a.fq a.fq
says "a.fq: it holds something else" "--stats over data"
same "--stats over data: it stays" "$(cksum <a.fq)" "$before"
# What the tool prints to anyway goes on, and a link stays one.
ln -s /proc/self/fd/2 printed
ln -s counts.behind link
echo before >log
: >counts.behind
dp-index show --stats printed a.fq >out 2>>log
same "--stats to standard error, behind what stands there" "$(sed 's/,.*//' log)" "before
{\"tool\":\"dp-index\""
dp-index show --stats link a.fq >out
check "--stats behind a link" grep -q '^{"tool"' counts.behind
check "--stats: links stay links" test -L printed -a -L link
ends 1 "--stats without a folder" dp-index build --force --stats no-folder/counts a.fq
summary
