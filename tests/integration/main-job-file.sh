#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The main job on local files: generated objects of every shape and packing and real reads; every
# kind of plan; lines moved, objects overwritten, bits flipped, processes killed, a full disk.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/jobs.sh"

objects=$work/objects
mkdir -p "$objects"
/usr/bin/python3 "$top/tests/integration/objects.py" "$objects" >"$work/list" || cannot "objects.py failed"

move_index() {
    case $1 in
    away) mv "$objects/$2.dpi" "$work/moved.dpi" ;;
    back) mv "$work/moved.dpi" "$objects/$2.dpi" ;;
    esac
}

# --- every object, every plan
while read -r name format records bases; do
    expect_of "$name" "$objects/$name"
    index_and_count "$objects/$name" "$name" "$format" "$records" "$bases" || continue
    case $name in
    reads.fastq | reads.fastq.gz | reads.fastq.members.gz | reads.fastq.bgz) counts=$(seq 64) ;;
    *) counts="1 2 3 7 16 64" ;;
    esac
    # shellcheck disable=SC2086 # a list of numbers
    job "$objects/$name" "$name" "$format" "$records" "$bases" $counts
done <"$work/list"
for name in reads.fastq reads.fastq.gz reads.fastq.bgz; do
    moved "$objects/$name" "$name"
done

# --- points far apart; the bytes behind a point tell where those of its window stand: a flip among
# them is noticed
make_wide "$objects/wide.fastq.gz"
wide "$objects/wide.fastq.gz" "$objects/wide.fastq.gz"
dp-slice plan -n 5 "$objects/wide.fastq.gz" >"$work/manifest"
cp -p "$objects/wide.fastq.gz" "$work/wide"
for place in 0 1 40 900 2000 4000 8000; do
    /usr/bin/python3 - "$objects/wide.fastq.gz" "$work/manifest" "$place" <<'END'
import json, sys
path, manifest, place = sys.argv[1:]
with open(manifest) as lines:
    begin = json.loads(lines.readlines()[2])["pieces"][0]["range"][0]
with open(path, "r+b") as file:
    file.seek(begin + int(place))
    byte = file.read(1)[0]
    file.seek(begin + int(place))
    file.write(bytes([byte ^ 0x80]))
END
    touch -r "$work/wide" "$objects/wide.fastq.gz"
    for threads in 1 2; do
        rm -f "$work/piece"
        if dp-slice fetch -q -@ "$threads" --only 3 -o "$work/piece" "$work/manifest" 2>"$work/words"; then
            fail "wide: byte $place flipped: fetched"
        else
            check "wide: byte $place flipped: the words" grep -q 'wide.fastq.gz: ' "$work/words"
        fi
        [ ! -e "$work/piece" ] || fail "wide: byte $place flipped: left a file"
    done
    cp -p "$work/wide" "$objects/wide.fastq.gz"
done
dp-slice fetch -q --only 3 "$work/manifest" >/dev/null || fail "wide: nothing flipped"

# --- a slice that ends soon behind a point of another index: what tells where the bytes of that
# point's window stand lies behind the slice
"$build/datasets/generate" fastq4 --seed 9 --bytes 36M >"$work/plain"
/usr/bin/python3 - "$work/plain" "$objects/cut.fastq.gz" <<'END' || cannot "no object with blocks of chosen lengths"
import sys, zlib
data = open(sys.argv[1], "rb").read()
with open(sys.argv[2], "wb") as out:
    # Blocks of these lengths put points at 16780000 and 33559700 (8 MiB apart), or 33561800.
    for begin, end, step in (0, 20000000, 5000), (20000000, len(data), 2100):
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        for at in range(begin, end, step):
            out.write(packer.compress(data[at:min(at + step, end)]) + packer.flush(zlib.Z_SYNC_FLUSH))
        out.write(packer.flush())
END
dp-index build -q -s 8M -o "$work/near.dpi" "$objects/cut.fastq.gz"
dp-index build -q -s 16780000 -o "$work/far.dpi" "$objects/cut.fastq.gz"
dp-slice plan --bytes 16780000 --index "$work/far.dpi" "$objects/cut.fastq.gz" >"$work/manifest"
same "another index: where the slice begins" "$(sed -n 2p "$work/manifest" |
    /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["pieces"][0]["point"]["offset"])')" 16780000
same "another index: its own one" "$(dp-slice fetch -q "$work/manifest" | sum_of)" "$(sum_of <"$work/plain")"
want=$(dp-slice fetch -q -@ 1 --only 2 "$work/manifest" | sum_of)
for threads in 2 3; do
    same "another index: the slice read by its points, -@$threads" \
        "$(dp-slice fetch -q -@ "$threads" --only 2 --index "$work/near.dpi" "$work/manifest" | sum_of)" "$want"
done

# --- real reads, counted by seqkit
("$top/datasets/fetch.sh" velvet-tests && "$top/datasets/fetch.sh" seqkit-examples) >/dev/null ||
    fail "datasets/fetch.sh"
for file in $(find "$cache" -name '*.fq.gz' | sort); do
    name=${file##*/}
    cp "$file" "$objects/$name"
    expect_of "$name" "$file"
    read -r records bases < <(seqkit stats -T "$file" | awk 'NR == 2 { print $4, $5 }')
    index_and_count "$objects/$name" "$name" fastq "$records" "$bases" || continue
    job "$objects/$name" "$name" fastq "$records" "$bases" 1 2 5 16 64
done

# --- an object overwritten after planning is refused by every slice, also by one of the same size
name=reads.fastq.gz
cp "$objects/$name" "$objects/changing.gz"
dp-index build -q "$objects/changing.gz"
dp-slice plan -n 6 "$objects/changing.gz" >"$work/manifest"
/usr/bin/python3 - "$objects/changing.gz" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    data = file.read()
    file.seek(0)
    file.write(data[:-1] + bytes([data[-1] ^ 1]))
END
refused "overwritten"
if dp-slice plan -n 2 "$objects/changing.gz" >"$work/words" 2>&1; then
    fail "a stale index was planned from"
else
    same "a stale index: exit status" "$(dp-slice plan -n 2 "$objects/changing.gz" >/dev/null 2>&1; echo $?)" 3
fi

# --- bit flips that leave size and time alone: the slices that decode them notice, and what is
# given with exit 0 is right
for name in reads.fastq.gz reads.fastq.bgz reads.fastq; do
    cp -p "$objects/$name" "$objects/flipped"
    rm -f "$objects/flipped.dpi"
    dp-index build -q -f fastq "$objects/flipped"
    dp-slice plan -n 8 "$objects/flipped" >"$work/manifest"
    for number in 1 2 3 4 5 6 7 8; do
        dp-slice fetch -q --only "$number" -o "$work/good-$number" "$work/manifest" || fail "flips: slice $number"
    done
    noticed=0
    for seed in $(seq 12); do
        touch -r "$objects/flipped" "$work/time"
        at=$(/usr/bin/python3 - "$objects/flipped" "$seed" <<'END'
import os, random, sys
path, seed = sys.argv[1], int(sys.argv[2])
at = random.Random(seed).randrange(70000, os.path.getsize(path) - 70000)
with open(path, "r+b") as file:
    file.seek(at)
    byte = file.read(1)[0]
    file.seek(at)
    file.write(bytes([byte ^ 1 << seed % 8]))
print(at)
END
        )
        touch -r "$work/time" "$objects/flipped"
        bad=0
        for number in 1 2 3 4 5 6 7 8; do
            rm -f "$work/piece"
            if dp-slice fetch -q --only "$number" -o "$work/piece" "$work/manifest" 2>/dev/null; then
                cmp -s "$work/piece" "$work/good-$number" ||
                    fail "$name: wrong bytes with exit 0, byte $at, slice $number"
            else
                bad=$((bad + 1))
                [ ! -e "$work/piece" ] || fail "$name: a refused slice left a file"
            fi
        done
        [ "$bad" -gt 0 ] && noticed=$((noticed + 1))
        cp "${objects}/$name" "$objects/flipped"
        touch -r "$work/time" "$objects/flipped"
    done
    same "$name: flips noticed" "$noticed" 12
done

# --- kill -9 in the middle leaves nothing under a final name
cat "$objects/long.fastq.gz" "$objects/long.fastq.gz" "$objects/long.fastq.gz" "$objects/long.fastq.gz" \
    >"$objects/big.gz"
for delay in 0.01 0.02 0.04 0.06 0.09 0.12 0.16; do
    rm -f "$objects/big.gz.dpi"
    dp-index build -q "$objects/big.gz" &
    process=$!
    sleep "$delay"
    kill -9 "$process" 2>/dev/null
    wait "$process" 2>/dev/null
    if [ -e "$objects/big.gz.dpi" ]; then
        check "killed build: a final name is a whole index" dp-index verify -q "$objects/big.gz"
    else
        pass
    fi
done
dp-index build -q "$objects/big.gz" || fail "a build after killed builds"
dp-slice plan -n 6 "$objects/big.gz" >"$work/manifest"
rm -rf "$work/whole" "$work/killed"
dp-slice fetch -q --output-dir "$work/whole" --name '{number}' "$work/manifest" || fail "fetch into a folder"
for delay in 0.01 0.02 0.04 0.08 0.12; do
    # (A file that replaces another has a name of its own for a moment, which a kill may leave behind.)
    rm -rf "$work/killed"
    dp-slice fetch -q --output-dir "$work/killed" --name '{number}' "$work/manifest" &
    process=$!
    sleep "$delay"
    kill -9 "$process" 2>/dev/null
    wait "$process" 2>/dev/null
    for file in "$work/killed"/[0-9]*; do
        [ -e "$file" ] || continue
        check "killed fetch: a final name is a whole slice" cmp -s "$file" "$work/whole/${file##*/}"
    done
done
check "a killed fetch is resumed" dp-slice fetch -q --resume --output-dir "$work/killed" --name '{number}' "$work/manifest"
check "the folder of a resumed fetch" diff -r "$work/killed" "$work/whole"

# --- two builds at once leave one valid index
rm -f "$objects/big.gz.dpi"
dp-index build -q "$objects/big.gz" &
first=$!
dp-index build -q "$objects/big.gz" &
second=$!
check "first of two builds at once" wait "$first"
check "second of two builds at once" wait "$second"
check "the index of two builds at once" dp-index verify -q --deep "$objects/big.gz"

# --- a full disk (a limit on file sizes stands for it; /dev/full for stdout)
mkdir -p "$work/small"
cp "$objects/big.gz" "$work/small/big.gz"
(trap '' XFSZ; ulimit -f 8; cd "$work/small" && dp-index build -q big.gz) >"$work/words" 2>&1
same "full disk: exit status of a build" "$?" 1
check "full disk: one line says so" grep -q '^dp-index: ' "$work/words"
same "full disk: files left by a build" "$(find "$work/small" -type f | wc -l)" 1
rm -rf "$work/short"
(trap '' XFSZ; ulimit -f 8; dp-slice fetch -q --output-dir "$work/short" --name '{number}' "$work/manifest") >"$work/words" 2>&1
same "full disk: exit status of a fetch" "$?" 1
same "full disk: files left by a fetch" "$(find "$work/short" -name "[0-9]*" 2>/dev/null | wc -l)" 0
dp-zcat "$objects/big.gz" >/dev/full 2>"$work/words"
same "full disk: exit status of dp-zcat" "$?" 1
check "full disk: dp-zcat says so" grep -qi 'no space' "$work/words"

summary
