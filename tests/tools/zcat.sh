#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# dp-zcat beside gzip -dc: output, messages and exit status, on sound and damaged input; then what it
# can do beyond. It needs gzip 1.12 or newer: older ones print another table, and other messages.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

gzip_version=$(gzip --version 2>/dev/null | sed -n '1s/^gzip \([0-9][0-9.]*\).*/\1/p')
if [ "$(printf '%s\n' 1.12 "$gzip_version" | sort -V | head -n 1)" != 1.12 ]; then
    echo "zcat.sh: it compares with gzip 1.12 or newer; this machine has gzip ${gzip_version:-of no known version}"
    exit 99
fi

fastq 8000 >a.fq
gzip -k a.fq
gzip -c9 a.fq | head -c 30000 >end.gz
fastq 100 >s.fq
gzip -kn s.fq
size=$(stat -c %s s.fq.gz)
half=$((size / 2))

# patch FROM TO OFFSET OCTAL
patch_at() {
    cp "$1" "$2"
    # shellcheck disable=SC2059
    printf "$4" | dd of="$2" bs=1 seek="$3" conv=notrunc 2>/dev/null
}
patch_at s.fq.gz crc.gz $((size - 8)) '\001\002'
patch_at s.fq.gz length.gz $((size - 4)) '\001\002'
patch_at crc.gz both.gz $((size - 4)) '\001\002'
patch_at s.fq.gz magic.gz 1 '\001'
patch_at s.fq.gz method.gz 2 '\007'
patch_at s.fq.gz flags.gz 3 '\300'
patch_at s.fq.gz encrypted.gz 3 '\040'
patch_at s.fq.gz blocktype.gz 10 '\377'
patch_at s.fq.gz middle.gz "$half" '\252\125\252\125'
: >empty.gz
head -c 1 s.fq.gz >one.gz
head -c 2 s.fq.gz >two.gz
head -c 9 s.fq.gz >header.gz
head -c $((size - 1)) s.fq.gz >last.gz
head -c $((size - 8)) s.fq.gz >trailer.gz
cat s.fq.gz s.fq.gz >members.gz
(cat s.fq.gz; printf 'garbage') >garbage.gz
(cat s.fq.gz; printf 'g') >garbage1.gz
(cat s.fq.gz; head -c 600 /dev/zero) >zeros.gz
(cat s.fq.gz; head -c 600 /dev/zero; printf 'x') >zeros-garbage.gz
cat s.fq.gz header.gz >half-member.gz
cat s.fq.gz crc.gz >bad-member.gz
cat s.fq.gz method.gz >odd-member.gz
cat s.fq.gz flags.gz >flag-member.gz
cat s.fq.gz two.gz >two-member.gz
cat s.fq.gz one.gz >one-member.gz
(printf '' | gzip -n; cat s.fq.gz; printf '' | gzip -n) >empty-members.gz
printf '\037\213\010\034\0\0\0\0\0\003\003\0abcname\0comment\0' >fields.gz
gzip -cn s.fq | tail -c +11 >>fields.gz
printf '\037\213\010\002\0\0\0\0\0\003\0\0' >headercrc.gz
gzip -cn s.fq | tail -c +11 >>headercrc.gz
cp s.fq plain.gz
cp a.fq.gz good.gz
mkdir folder folder.gz

# messages FILE: without the program's name, without empty lines.
messages() {
    sed -n 's/^[a-z-]*: //p' "$1"
}
# like_gzip NAME ARGUMENTS...: the same status, and the same messages; where gzip finds no damage, the
# same bytes too.
like_gzip() {
    local name=$1 want have
    shift
    want=0
    gzip -dc "$@" >want 2>want.err || want=$?
    have=0
    dp-zcat "$@" >have 2>have.err || have=$?
    same "$name: exit status" "$have" "$want"
    if [ "$want" != 1 ]; then check "$name: bytes" cmp -s want have; fi
    same "$name: message" "$(messages have.err)" "$(messages want.err)"
}
for file in *.gz; do
    [ -d "$file" ] && continue
    like_gzip "$file" "$file"
    like_gzip "$file, one thread" -q "$file"
    # From standard input.
    want=0
    gzip -dc <"$file" >want 2>want.err || want=$?
    have=0
    dp-zcat <"$file" >have 2>have.err || have=$?
    same "stdin $file: exit status" "$have" "$want"
    same "stdin $file: message" "$(messages have.err)" "$(messages want.err)"
done
# What gzip would decompress behind a member is no garbage.
for magic in '\037\235' '\037\036' '\037\240'; do
    # shellcheck disable=SC2059
    (cat s.fq.gz; printf "$magic"'\220\377\377\377\377') >foreign-member
    ends 1 "foreign member" dp-zcat foreign-member
    says "format is not supported" "foreign member"
    ends 1 "foreign member is not indexed" dp-index build foreign-member
    no "foreign member is not indexed" foreign-member.dpi
done
# Every cut of a small file, and a flip of every one of its bits' bytes.
printf 'hello hello hello, small world\n' | gzip -n >h.gz
size=$(stat -c %s h.gz)
for ((at = 0; at < size; at++)); do
    head -c "$at" h.gz >cut.gz
    like_gzip "cut at $at" cut.gz
    patch_at h.gz flip.gz "$at" "\\$(printf %o $(($(od -An -tu1 -j$at -N1 h.gz) ^ 16)))"
    gzip -dc flip.gz >want 2>want.err
    want=$?
    dp-zcat flip.gz >have 2>have.err
    same "flip at $at" "$?" "$want"
    same "flip at $at: message" "$(messages have.err)" "$(messages want.err)"
done

like_gzip "several" s.fq.gz a.fq.gz
like_gzip "name without .gz" s.fq
rm s.fq
like_gzip "name that needs .gz" s.fq
like_gzip "not there" nothing
like_gzip "not there" nothing.gz
like_gzip "a folder" folder
like_gzip "after what is not there" nothing s.fq.gz
like_gzip "after what is no gzip" plain.gz s.fq.gz
like_gzip "after odd flags" flags.gz s.fq.gz
like_gzip "after damage" crc.gz s.fq.gz
like_gzip "after an early end" last.gz s.fq.gz
like_gzip "after garbage" garbage.gz s.fq.gz
like_gzip "garbage and damage" garbage.gz crc.gz
like_gzip "options of zcat" -dckn -9 s.fq.gz
like_gzip "more options of zcat" -N --name --rsyncable --synchronous s.fq.gz
like_gzip "suffix" -S .fq.gz a
like_gzip "force" -f plain.gz s.fq.gz empty.gz
like_gzip "-q" -q garbage.gz
for file in s.fq.gz crc.gz; do
    want=0
    gzip -dc $file >want 2>/dev/null || want=$?
    ends $want "a FIFO of $file" bash -c "dp-zcat <(cat $file)"
    check "a FIFO of $file" cmp out want
done
ends 0 "-t" dp-zcat -t s.fq.gz
check "-t" test ! -s out
ends 1 "-t finds damage" dp-zcat -t crc.gz
ends 0 "force, standard input" bash -c "dp-zcat -f <a.fq"
check "force, standard input" cmp out a.fq
ends 0 "- between files" bash -c "dp-zcat s.fq.gz - a.fq.gz <s.fq.gz | cmp - <(gzip -dc s.fq.gz s.fq.gz a.fq.gz)"

# --- with an index
dp-index build -q -s 64K a.fq.gz
for threads in 1 2 5; do
    ends 0 "index, $threads threads" dp-zcat -@$threads a.fq.gz
    check "index, $threads threads" cmp out a.fq
done
ends 0 "records" dp-zcat --records 101-102 a.fq.gz
check "records" cmp out <(sed -n '401,408p' a.fq)
ends 0 "one record" dp-zcat --records 8000 a.fq.gz
check "one record" cmp out <(tail -4 a.fq)
# Of mates one after the other single records can be had, too.
awk 'BEGIN { for (i = 1; i <= 8; i++) printf "@r%d/%d\nACGT\n+\nIIII\n", (i + 1) / 2, 2 - i % 2 }' >mates.fq
dp-index build -q mates.fq
check "mates are found" bash -c "dp-index show --json mates.fq | grep -q '\"interleaved\":true'"
ends 0 "the second of two mates" dp-zcat --records 4 mates.fq
check "the second of two mates" cmp out <(sed -n '13,16p' mates.fq)
ends 0 "from mate to mate" dp-zcat --records 2-5 mates.fq
check "from mate to mate" cmp out <(sed -n '5,20p' mates.fq)
ends 0 "records to the end" dp-zcat --records 7990- a.fq.gz
check "records to the end" cmp out <(tail -44 a.fq)
ends 0 "records from the first" dp-zcat --records -3 a.fq.gz
check "records from the first" cmp out <(head -12 a.fq)
ends 0 "records beyond the end are cut" dp-zcat --records 8000-9000 a.fq.gz
check "records beyond the end are cut" cmp out <(tail -4 a.fq)
ends 1 "no such record" dp-zcat --records 8001 a.fq.gz
ends 1 "records without an index" dp-zcat --records 1-2 s.fq.gz
says "dp-index build s.fq.gz" "records without an index"
total=$(stat -c %s a.fq)
for range in 0+1 1000+5000 300K+70000 $((total - 5)) $((total - 5))+100 "$total" 0+0; do
    for file in a.fq.gz end.fq.gz; do
        [ $file = a.fq.gz ] || cp a.fq.gz end.fq.gz # the same without an index
        begin=${range%+*}
        case $begin in *K) begin=$((${begin%K} * 1024)) ;; esac
        length=${range#*+}
        [ "$range" != "${range%+*}" ] || length=$total
        ends 0 "range $range of $file" dp-zcat --range "$range" $file
        check "range $range of $file" cmp out <(tail -c +$((begin + 1)) a.fq | head -c "$length")
    done
done
ends 0 "range of standard input" bash -c "dp-zcat --range 1000+50 <a.fq.gz"
check "range of standard input" cmp out <(tail -c +1001 a.fq | head -c 50)
dp-index build -q a.fq
ends 0 "range of a plain file with an index" dp-zcat --range 1000+50 a.fq
check "range of a plain file with an index" cmp out <(tail -c +1001 a.fq | head -c 50)
ends 0 "records of a plain file with an index" dp-zcat --records 2 a.fq
check "records of a plain file with an index" cmp out <(sed -n 5,8p a.fq)
ends 1 "a plain file" dp-zcat a.fq
ends 1 "range beyond the end" dp-zcat --range $((total + 1)) a.fq.gz

# An index of other bytes never gives wrong ones.
cp a.fq.gz.dpi s.fq.gz.dpi
ends 0 "stale index" dp-zcat s.fq.gz
says "warning: .*without the index" "stale index"
check "stale index" cmp out <(gzip -dc s.fq.gz)
ends 1 "stale index, range" dp-zcat --range 10+10 s.fq.gz
ends 1 "stale index, records" dp-zcat --records 1 s.fq.gz
rm s.fq.gz.dpi
bytes=$(stat -c %s a.fq.gz.dpi)
cp a.fq.gz.dpi kept
for at in 4 $((bytes / 4)) $((bytes / 2)) $((bytes * 3 / 4)); do
    patch_at kept a.fq.gz.dpi "$at" '\377\376\375\374'
    ends 0 "damaged index at $at" dp-zcat a.fq.gz
    check "damaged index at $at" cmp out a.fq
done
patch_at kept a.fq.gz.dpi 8 '\001'
ends 0 "an index of another version" dp-zcat a.fq.gz
says "index version 1 needs another dataplug; going on without the index" \
    "an index of another version"
check "an index of another version" cmp out a.fq
ends 1 "an index of another version, records" dp-zcat --records 1 a.fq.gz
ends 0 "an index of another version is made anew" dp-index build a.fq.gz
ends 0 "the index made anew" dp-zcat --records 1 a.fq.gz
check "the index made anew" cmp out <(head -4 a.fq)
cp kept a.fq.gz.dpi
ends 0 "--index" bash -c "mv a.fq.gz.dpi elsewhere; dp-zcat --index elsewhere --records 5 a.fq.gz"
check "--index" cmp out <(sed -n 17,20p a.fq)
ends 1 "--index that is not there" dp-zcat --index nothing a.fq.gz
ends 1 "--index that no place can have" dp-zcat --index gopher://host/a.dpi a.fq.gz
says "^dp-zcat: gopher://: no such place is known" "--index that no place can have"
same "--index that no place can have: bytes" "$(wc -c <out)" 0

# An index of the sound part must not hide that the rest is damaged.
head -c 100000 a.fq.gz >cut.fq.gz
dp-index build -q --allow-truncated -s 64K cut.fq.gz
like_gzip "incomplete index" cut.fq.gz
ends 0 "records of the sound part" dp-zcat --records 2-3 cut.fq.gz
check "records of the sound part" cmp out <(sed -n 5,12p a.fq)
ends 1 "records behind the sound part" dp-zcat --records 2- cut.fq.gz
says "damaged or truncated from here on" "records behind the sound part"
ends 0 "a plan of the sound part" dp-slice plan -n 2 cut.fq.gz
says "warning: cut.fq.gz: truncated or damaged: the slices cover only" "a plan of the sound part"

# --- leaving an index behind
ends 0 "write-index" dp-zcat --write-index a.fq.gz
check "write-index: bytes" cmp out a.fq
ends 0 "write-index: index" dp-index verify --deep a.fq.gz
ends 1 "write-index to standard output" dp-zcat --write-index -o - a.fq.gz
check "write-index to standard output: nothing is left" test ! -e ./-
ends 0 "write-index -o" bash -c "dp-zcat --write-index -o in.dpi <a.fq.gz"
check "write-index -o" cmp out a.fq
check "write-index -o" cmp in.dpi a.fq.gz.dpi
ends 1 "write-index of standard input" bash -c "dp-zcat --write-index <a.fq.gz"
like_gzip "write-index of damage" crc.gz
rm -f crc.gz.dpi
ends 1 "write-index of damage" dp-zcat --write-index crc.gz
no "write-index of damage" crc.gz.dpi
sed '4003s/./ /' a.fq | gzip >odd.fq.gz
ends 1 "write-index without records" dp-zcat --write-index odd.fq.gz
check "write-index without records: bytes" cmp out <(gzip -dc odd.fq.gz)
says "no index is left" "write-index without records"

# --- ends
ends 1 "full disk" bash -c "dp-zcat a.fq.gz >/dev/full"
says "No space left on device" "full disk"
ends 0 "a reader that has enough" bash -c "dp-zcat a.fq.gz a.fq.gz a.fq.gz | head -1 >/dev/null"
dp-zcat a.fq.gz a.fq.gz a.fq.gz a.fq.gz 2>err | true
same "SIGPIPE" "${PIPESTATUS[0]}" 141
check "SIGPIPE is silent" test ! -s err
(trap '' PIPE; dp-zcat a.fq.gz a.fq.gz a.fq.gz a.fq.gz; echo $? >status) 2>err | true
same "SIGPIPE ignored" "$(cat status)" 1
says "Broken pipe" "SIGPIPE ignored"
# --- what other compressors wrote is named; those that gzip reads do not pass as plain data either
foreign() {
    printf "$2" >"$1"
    ends 1 "$1" dp-zcat "$1"
    says "^dp-zcat: $1: $3$" "$1"
    ends "$4" "$1 -f" dp-zcat -f "$1"
    ends 1 "$1 is not indexed" dp-index build "$1"
    says "$1: $5$" "$1 is not indexed"
}
foreign f.Z '\037\235\220hello' "compress (.Z) format is not supported; use uncompress" 1 \
    "compress (.Z) format is not supported; use uncompress"
foreign f.z '\037\036hello' "pack (.z) format is not supported; use gzip -dc" 1 \
    "pack (.z) format is not supported; use gzip -dc"
foreign f.zip 'PK\003\004hello' "zip format is not supported; use unzip -p" 1 \
    "zip format is not supported; use unzip -p"
foreign f.bz2 'BZh9hello' "not in gzip format" 0 "bzip2 format is not supported; use bzip2 -dc"
same "a foreign file does not stop" "$(printf 'x\n' | gzip | dp-zcat f.Z - f.zip 2>err)" x
same "two foreign files are named" "$(grep -c 'is not supported' err)" 2
same "it passes when it is not compressed to gzip either" "$(dp-zcat -f f.bz2)" BZh9hello

# --- -f: what follows the last member is copied, with an index and without
(cat a.fq.gz; head -c 5000 a.fq.gz | tail -c 4000) >rest1.gz
(cat a.fq.gz; head -c 512 /dev/zero) >rest2.gz
(cat a.fq.gz; printf '\037') >rest3.gz # not indexed: without -f it is a member that was cut
(cat a.fq.gz; printf 'PK\003\004 is no zip here') >rest4.gz
for file in rest?.gz garbage1.gz zeros-garbage.gz odd-member.gz flag-member.gz two-member.gz one-member.gz \
    bad-member.gz; do
    like_gzip "-f $file" -f "$file"
    like_gzip "-f -t $file" -f -t "$file"
    check "-f <$file" cmp <(gzip -cdf <"$file" 2>err) <(dp-zcat -f <"$file" 2>err)
done
for file in rest1.gz rest2.gz rest4.gz; do
    dp-index build -q -s 64K $file
    for threads in 1 3; do
        ends 0 "-f $file, index, $threads threads" dp-zcat -f -@$threads $file
        check "-f $file, index, $threads threads" cmp out <(gzip -cdf $file)
    done
    ends 0 "-f $file, a part" dp-zcat -f --range $((total - 3)) $file
    check "-f $file, a part" cmp out <(tail -c 3 a.fq)
done

# --- all of gzip's options beside gzip itself: rows of arguments and what is on standard input
table=same-as-gzip
mkdir $table
cd $table || exit 99
export TZ=UTC
seq 1 2000 >s.txt
gzip -k s.txt
gzip -cn s.txt >n.gz
printf '' | gzip -n >e.gz
# A name of LENGTH bytes in the header.
named() { printf '\037\213\010\010\0\0\0\0\0\003'; head -c "$1" /dev/zero | tr '\0' n; printf '\0'; tail -c +11 n.gz; }
named 1023 >longest.gz
named 1024 >long.gz
named 70000 >longer.gz
cat s.txt.gz s.txt.gz >m.gz
cat s.txt.gz e.gz >me.gz
(cat s.txt.gz; head -c 600 /dev/zero) >z.gz
(cat s.txt.gz; printf garbage) >g.gz
(cat s.txt.gz; printf '\037\213\007method') >k.gz
(printf '\037\213\010\004\0\0\0\0\0\003\054\001'; head -c 300 /dev/zero; tail -c +11 n.gz) >x.gz
head -c 900 s.txt.gz >cut.gz
size=$(stat -c %s s.txt.gz)
patch_at s.txt.gz crc.gz $((size - 8)) '\001\002'
patch_at s.txt.gz both.gz $((size - 8)) '\001\002\003\004\005\006'
patch_at n.gz block.gz 10 '\377'
cat e.gz crc.gz >ecrc.gz
seq 1 10 >plain
cp plain plain.gz
: >none.gz
mkdir -p d/sub odd long
named 1018 >long/fits.gz # behind "long/"
named 1019 >long/is-over.gz
(printf '\037\213\010\010\0\0\0\0\0\003q/r/'; named 1019 | tail -c +11) >long-inside.gz
(printf '\037\213\010\010\0\0\0\0\0\003q/r/'; named 1020 | tail -c +11) >long-inside2.gz
cp s.txt.gz d/a.gz
cp n.gz d/sub/b.gz
cp m.gz d/plain
for name in x.tgz y.taz w-gz v_z U.GZ t.z r.Z nothing.known foo.bar; do cp s.txt.gz odd/$name; done
touch -d '2005-06-07 08:09' n.gz odd/x.tgz s.txt.gz

# Messages without "NAME: " of the program; -v of dp-zcat says more, and names what is OK in one line.
told() {
    sed -n 's/^[^:]*:\tgzip: /gzip: /; s/^[a-z-]*: //p; s/^.* OK$/OK/p' "$1" | grep -v -e ': offset [0-9]' -e ': [0-9]* bytes$' \
        -e 'extra field of' -e 'zcat --help'
}
as_gzip() {
    local input=$1 want=0 have=0
    shift
    timeout 60 gzip -cd "$@" <"$input" >want 2>want.err || want=$?
    timeout 60 dp-zcat "$@" <"$input" >have 2>have.err || have=$?
    same "as gzip: $* <$input: exit status" "$have" "$want"
    check "as gzip: $* <$input: output" cmp want have
    same "as gzip: $* <$input: messages" "$(told have.err)" "$(told want.err)"
}
while read -r input arguments; do
    # shellcheck disable=SC2086
    as_gzip "$input" $arguments
done <<'ROWS'
n.gz -l s.txt.gz
n.gz -l m.gz me.gz e.gz
n.gz -lv s.txt.gz n.gz m.gz
n.gz -lq s.txt.gz n.gz
n.gz -l -qv s.txt.gz n.gz
n.gz -l -vq s.txt.gz n.gz
n.gz -lN s.txt.gz n.gz odd/x.tgz
n.gz -lvN s.txt.gz n.gz
n.gz -l -Nn s.txt.gz
n.gz -l ../fields.gz ../headercrc.gz x.gz
n.gz -lN ../fields.gz
n.gz -lN longest.gz n.gz
n.gz -lN long.gz
n.gz -lvN s.txt.gz longer.gz n.gz
n.gz -lN long/fits.gz n.gz
n.gz -lN long/is-over.gz n.gz
n.gz -lN ./long/fits.gz n.gz
n.gz -l long/is-over.gz n.gz
n.gz -lN ./longest.gz n.gz
n.gz -lN long-inside.gz n.gz
n.gz -lN long-inside2.gz n.gz
long/is-over.gz -lN s.txt.gz -
long.gz -lN s.txt.gz -
n.gz -l long.gz n.gz
n.gz -l g.gz
n.gz -l z.gz
n.gz -lv s.txt.gz z.gz n.gz
n.gz -l s.txt.gz g.gz n.gz
n.gz -lf g.gz plain s.txt.gz
n.gz -l s.txt.gz crc.gz m.gz
n.gz -lq s.txt.gz crc.gz n.gz
n.gz -l m.gz crc.gz
n.gz -l s.txt.gz ecrc.gz
n.gz -l s.txt.gz k.gz n.gz
n.gz -l s.txt.gz block.gz n.gz
n.gz -l s.txt.gz cut.gz n.gz
n.gz -l s.txt.gz plain n.gz
n.gz -l s.txt.gz none
n.gz -l s.txt.gz nothing n.gz
n.gz -l s.txt.gz d
n.gz -l odd/x.tgz odd/y.taz odd/w-gz odd/v_z odd/U.GZ odd/t.z odd/r.Z odd/foo.bar
n.gz -l -S .bar odd/foo
n.gz -lt s.txt.gz
n.gz -l
m.gz -lv -
g.gz -l s.txt.gz - n.gz
z.gz -l s.txt.gz - n.gz
crc.gz -l s.txt.gz - n.gz
n.gz -lN s.txt.gz -
n.gz --list --verbose s.txt
n.gz -t s.txt.gz m.gz
n.gz -tv s.txt.gz m.gz g.gz z.gz
g.gz -tv -
n.gz -tv s.txt.gz -
n.gz -t crc.gz both.gz ecrc.gz block.gz crc.gz
n.gz -tvf g.gz z.gz plain none.gz
n.gz -tv plain nothing d k.gz n.gz
n.gz -r d/sub/b.gz n.gz
n.gz -r nothing
n.gz -rtv plain
n.gz -rt plain n.gz
n.gz -q g.gz d plain
n.gz -v z.gz
n.gz nothing d plain none.gz n.gz
n.gz odd/nothing odd/nothing.z odd/nothing.GZ odd/nothing.tgz
n.gz -S .bar odd/foo odd/nothing
n.gz -S .GZ odd/U
n.gz -a n.gz
n.gz -qa n.gz
n.gz -b 9 -b1 --bits=3 -m -M n.gz
n.gz -ckdnN19 --fast --best --ascii -q --rsyncable --synchronous n.gz
n.gz --to-stdout --stdout --uncompress --decompress --no-name --name --keep n.gz
n.gz --silent --force g.gz
n.gz -- n.gz -
n.gz n.gz -q g.gz
n.gz - - n.gz
n.gz --lzw n.gz
n.gz -f none.gz plain nothing
ROWS
# Whole folders; the order of what lies in them is gzip's own matter. What cannot be opened does not
# keep the others, and nobody waits for a writer there.
mkdir queer piped
ln -s loop queer/loop
/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("queer/socket")'
cp n.gz queer/z.gz
mkfifo piped/fifo
for folder in d queer piped; do
    for options in -r -rf -rt -rtv -rl -rlv -rlN -rq; do
        want=0
        timeout 60 gzip -cd $options $folder >want 2>want.err || want=$?
        have=0
        timeout 60 dp-zcat $options $folder >have 2>have.err || have=$?
        same "$options $folder: exit status" "$have" "$want"
        check "$options $folder: output" cmp <(sort want) <(sort have)
        same "$options $folder: messages" "$(told have.err | sort)" "$(told want.err | sort)"
    done
done
as_gzip n.gz queer/loop n.gz
as_gzip n.gz queer/socket n.gz
ln -s .. d/sub/up # what leads back is not walked again
ends 2 "a folder in itself" dp-zcat -r d/
says "^dp-zcat: d/sub/up lies in itself -- ignored$" "a folder in itself"
check "a folder in itself" cmp out <(gzip -cd d/a.gz d/plain d/sub/b.gz)
if [ "$(id -u)" != 0 ]; then # who may read everything sees no difference
    mkdir -p shut/closed
    cp n.gz plain shut/closed
    cp n.gz plain shut
    chmod 0 shut/n.gz shut/plain shut/closed
    for arguments in "shut/n.gz n.gz" shut/n shut/closed shut/closed/n "-f shut/plain n.gz" "-r shut" \
        "-rt shut" "-l shut/n.gz n.gz shut/closed/n.gz"; do
        # shellcheck disable=SC2086
        as_gzip n.gz $arguments
    done
    chmod 700 shut/closed
fi
ends 0 "--license" dp-zcat --license
check "--license" grep -q "Apache License, Version 2.0" out
ends 1 "-b" dp-zcat -bx n.gz
ends 1 "a suffix that is too long" dp-zcat -S .123456789012345678901234567890 n.gz
ends 1 "a list of a part" dp-zcat -l --range 1+1 n.gz
# The same with an index and several threads, where there is more than one member as well.
cp "$work/a.fq.gz" i.gz
cat i.gz n.gz >im.gz
gzip -lv i.gz im.gz >want
for file in i.gz im.gz; do dp-index build -q -f text -s 64K $file; done
dp-zcat -lv -@3 i.gz im.gz >have 2>have.err
check "a list with indexes" cmp want have
dp-index build -q -f text s.txt
dp-slice plan -n 1 s.txt | dp-slice fetch -q -z - >b.gz
as_gzip n.gz -l b.gz
head -c -28 b.gz >b1.gz
as_gzip n.gz -lv b1.gz n.gz
cd "$work" || exit 99
summary
