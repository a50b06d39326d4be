#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Writing to S3: more than one part, nothing left behind, two writers at once, what cannot be saved at
# the end, and what other clients make of it.
#
# usage: writing.sh [rgw|swift]   the service to start; Ceph RGW unless told otherwise

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=${1:-rgw}
places=$build/tests/integration/places
[ -x "$places" ] || cannot "$places is not built"
serve "$service" big indexes late
export AWS_EC2_METADATA_DISABLED=true HOME=$work
s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }
aws_cli() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
no_uploads() { same "$1: unfinished uploads" "$(s3 uploads "$2")" ""; }
# Whether all that was written to the pipe, descriptor 3, has been read: then its reader is at work.
drained() {
    /usr/bin/python3 -c 'import array, fcntl, sys, termios
left = array.array("i", [1])
fcntl.ioctl(3, termios.FIONREAD, left)
sys.exit(left[0] != 0)'
}

# ---------------------------------------------------------------------------- more than one part
head -c 200000001 /dev/urandom >"$work/random"
"$places" put s3://big/random <"$work/random" || fail "a big object"
s3 get big random "$work/back" || fail "boto3 cannot read"
check "a big object: boto3 reads it" cmp -s "$work/random" "$work/back"
check "a big object: we read it" cmp -s "$work/random" <("$places" get s3://big/random)
check "a big object went in parts" grep -q -- '-3" *$' <("$places" names 's3://big/random*')
no_uploads "a big object" big
rm -f "$work/back"

# An index of more than one part: lines that come again within every window, and hold nothing that
# could be packed.
/usr/bin/python3 -c '
import base64, random, sys, zlib
block = base64.encodebytes(random.Random(5).randbytes(22000))
pack = zlib.compressobj(6, zlib.DEFLATED, 31)
for _ in range(8000):
    sys.stdout.buffer.write(pack.compress(block) + pack.flush(zlib.Z_SYNC_FLUSH))
sys.stdout.buffer.write(pack.flush())' >"$work/repeats.gz"
s3 put "$work/repeats.gz" big repeats.gz || fail "boto3 cannot write"
dp-index build -q -s 32K s3://big/repeats.gz || fail "a big index: build"
dp-index build -q -s 32K "$work/repeats.gz" || fail "a big index: build of a file"
check "a big index is one" test "$(stat -c %s "$work/repeats.gz.dpi")" -gt $((64 << 20))
check "a big index is the same on S3" cmp -s "$work/repeats.gz.dpi" <("$places" get s3://big/repeats.gz.dpi)
same "a big index" "$(dp-slice plan -n 7 s3://big/repeats.gz | dp-slice fetch -q - | sum_of)" \
    "$(zcat "$work/repeats.gz" | sum_of)"
dp-index build -q -s 32K --force s3://big/repeats.gz || fail "a big index: once more"
check "a big index once more" cmp -s "$work/repeats.gz.dpi" <("$places" get s3://big/repeats.gz.dpi)
no_uploads "a big index" big

# ---------------------------------------------------------------------- given up on the way
mkfifo "$work/pipe"
any_upload() { [ -n "$(s3 uploads big)" ]; }
interrupted() {
    AWS_ACCESS_KEY_ID=$RGW_READER_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$RGW_READER_SECRET_KEY \
        "$places" put s3://big/half <"$work/pipe" 2>"$work/err" &
    writer=$!
    exec 3>"$work/pipe"
    head -c 70000000 "$work/random" >&3
    soon any_upload
}
if [ "$service" = rgw ]; then
    # The right to write is withdrawn after the first part.
    s3 let big "$RGW_READER" GetObject ListBucket PutObject AbortMultipartUpload
    interrupted || fail "no upload was begun"
    s3 let big "$RGW_READER" GetObject ListBucket AbortMultipartUpload
    head -c 70000000 "$work/random" >&3
    exec 3>&-
    wait "$writer"
    same "the right to write is gone: exit status" "$?" 1
    check "the right to write is gone: said so" grep -q 'DP_DENIED: s3://big/half: ' "$work/err"
    no_uploads "the right to write is gone" big
    same "the right to write is gone: no object" "$("$places" names 's3://big/half*')" ""
fi

# --------------------------------------------------------------------------------- two writers
for _ in 1 2 3; do
    awk -v n=$RANDOM 'BEGIN { for (i = 0; i < 20000; i++) print "@r" n "." i "\nACGTACGTAC\n+\nIIIIIIIIII" }' |
        gzip -n >"$work/reads.gz"
    s3 put "$work/reads.gz" indexes reads.gz || fail "boto3 cannot write"
    builders=()
    for _ in 1 2 3 4; do
        dp-index build -q --force s3://indexes/reads.gz 2>>"$work/words" &
        builders+=($!)
    done
    for builder in "${builders[@]}"; do
        wait "$builder"
        same "builders at once: exit status" "$?" 0
    done
    dp-index verify -q --deep s3://indexes/reads.gz
    same "builders at once: the index" "$?" 0
done
same "builders at once: nothing to say" "$(cat "$work/words")" ""

# Somebody else writes between our opening and our end.
"$places" put s3://indexes/contested <"$work/pipe" 2>"$work/err" &
writer=$!
exec 3>"$work/pipe"
printf ours >&3
check "a second writer: the first one has begun" soon drained
printf theirs >"$work/theirs"
s3 put "$work/theirs" indexes contested
exec 3>&-
wait "$writer"
status=$?
case $service in
rgw)
    same "a second writer: exit status" "$status" 1
    check "a second writer: said so" grep -q 'DP_CHANGED: s3://indexes/contested: .*somebody else' "$work/err"
    same "a second writer: the first one's bytes" "$("$places" get s3://indexes/contested)" theirs
    ;;
swift) # knows no conditional requests: the last one wins
    same "a second writer: exit status" "$status" 0
    same "a second writer: the last one's bytes" "$("$places" get s3://indexes/contested)" ours
    ;;
esac

# ------------------------------------------------------------- what cannot be saved at the end
mkdir "$work/left"
cd "$work/left" || exit 1
dp-index build -o s3://late/x.dpi - <"$work/pipe" 2>"$work/err" &
builder=$!
exec 3>"$work/pipe"
head -c 20000 "$work/reads.gz" >&3
check "the bucket has gone: reading has begun" soon drained
s3 drop late
tail -c +20001 "$work/reads.gz" >&3
exec 3>&-
wait "$builder"
same "the bucket has gone: exit status" "$?" 1
check "the bucket has gone: said so" grep -q '^dp-index: s3://late/x.dpi: there is no such bucket' "$work/err"
check "the bucket has gone: what was left is named" grep -q 'left in ./stdin.dpi' "$work/err"
same "the bucket has gone: lines" "$(wc -l <"$work/err")" 2
dp-index verify -q --deep --index stdin.dpi "$work/reads.gz"
same "the bucket has gone: the index that was left" "$?" 0
cd "$work" || exit 1

# ------------------------------------------------------------------------------ foreign clients
# Objects by others, in one part and in several; our indexes of them, read by others.
aws_cli s3 cp --only-show-errors "$work/reads.gz" s3://indexes/by-awscli.gz || fail "awscli cannot write"
s3 put "$work/reads.gz" indexes "by boto3+.gz" 5300000 || fail "boto3 cannot write"
dp-index build -q -o "$work/local.dpi" "$work/reads.gz" || fail "a local build"
for uri in s3://indexes/by-awscli.gz s3://indexes/by%20boto3%2B.gz; do
    dp-index build -q "$uri" || fail "$uri: build"
    same "$uri" "$(dp-slice plan -n 5 "$uri" | dp-slice fetch -q - | sum_of)" "$(zcat "$work/reads.gz" | sum_of)"
done
aws_cli s3 cp --only-show-errors s3://indexes/by-awscli.gz.dpi "$work/1.dpi" || fail "awscli cannot read"
s3 get indexes "by boto3+.gz.dpi" "$work/2.dpi" || fail "boto3 cannot read"
check "an index read by awscli" cmp -s "$work/1.dpi" "$work/local.dpi"
check "an index read by boto3" cmp -s "$work/2.dpi" "$work/local.dpi"
# And the other way round: indexes carried there by others.
aws_cli s3 cp --only-show-errors "$work/reads.gz" s3://indexes/carried.gz
aws_cli s3 cp --only-show-errors "$work/local.dpi" s3://indexes/carried.gz.dpi
same "an index carried by awscli" "$(dp-slice plan -n 3 s3://indexes/carried.gz | dp-slice fetch -q - | sum_of)" \
    "$(zcat "$work/reads.gz" | sum_of)"
same "awscli lists what we list" "$(aws_cli s3 ls s3://indexes/ --recursive | awk '{ print $3 }' | sort)" \
    "$("$places" names s3://indexes/ | awk '{ print $2 }' | sort)"
# Parts fetched to S3 by us, read by others.
zcat "$work/reads.gz" | "$places" put s3://indexes/plain || fail "a plain object"
s3 get indexes plain "$work/plain" && check "a plain object" cmp -s "$work/plain" <(zcat "$work/reads.gz")
no_uploads "the end" indexes
no_uploads "the end" big

summary
