#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The main job on S3: objects written by other clients, indexes beside them in the bucket.
#
# usage: main-job-s3.sh [rgw|swift]   the service to start; Ceph RGW unless told otherwise

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/jobs.sh"

service=${1:-rgw}
objects=$work/objects
mkdir -p "$objects"
/usr/bin/python3 "$top/tests/integration/objects.py" "$objects" >"$work/list" || cannot "objects.py failed"
serve "$service" reads
export AWS_EC2_METADATA_DISABLED=true
s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }
aws_cli() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

move_index() {
    case $1 in
    away) s3 move reads "$2.dpi" moved-away ;;
    back) s3 move reads moved-away "$2.dpi" ;;
    esac
}

# The odd keys are part of the job: each must be signed and written into lines and back.
while read -r name format records bases; do
    case $name in
    reads.fastq.gz) counts="$(seq 16) 31 32 33 63 64" key=$name ;;
    reads.fastq.members.gz | reads.fastq.bgz) counts="1 2 3 5 16 64" key="run 1/a+b=c&d/é~$name" ;;
    reads.fastq | long.fastq.gz | wrapped.fastq.bgz | lines.txt.gz) counts="1 2 7 64" key=$name ;;
    one.fastq.gz) counts="1 4" key=$name ;;
    *) continue ;;
    esac
    expect_of "$name" "$objects/$name"
    case $name in
    *.bgz) s3 put "$objects/$name" reads "$key" 5300000 || fail "$name: upload in parts" ;;
    *) s3 put "$objects/$name" reads "$key" || fail "$name: upload" ;;
    esac
    index_and_count "s3://reads/$key" "$name" "$format" "$records" "$bases" || continue
    # shellcheck disable=SC2086 # a list of numbers
    job "s3://reads/$key" "$name" "$format" "$records" "$bases" $counts
done <"$work/list"
moved s3://reads/reads.fastq.gz reads.fastq.gz
moved s3://reads/reads.fastq reads.fastq

# --- the same bytes make the same index everywhere; each serves the other place
name=reads.fastq.gz
expect_of "$name" "$objects/$name"
dp-index build -q "$objects/$name" || fail "a local build"
s3 get reads "$name.dpi" "$work/remote.dpi" || fail "boto3 cannot read the index"
check "the index written to S3 is that of the local file" cmp -s "$objects/$name.dpi" "$work/remote.dpi"
whole "the index from S3 for the local file" "$objects/$name" -n 9 --index "$work/remote.dpi"
whole "the local index for the object on S3" "s3://reads/$name" -n 9 --index "$objects/$name.dpi"
same "a second build" "$(dp-index build "s3://reads/$name" 2>&1 >/dev/null | grep -c 'up to date')" 1

# --- a foreign writer: awscli uploads, we read; we write slices, awscli reads
if [ "$service" = rgw ]; then
    aws_cli s3 cp --only-show-errors "$objects/$name" s3://reads/by-awscli.gz || fail "awscli cannot upload"
    dp-index build -q s3://reads/by-awscli.gz || fail "an object by awscli"
    whole "an object by awscli" s3://reads/by-awscli.gz -n 5
    aws_cli s3 cp --only-show-errors s3://reads/by-awscli.gz.dpi "$work/by-awscli.dpi" || fail "awscli cannot download"
    check "an index read by awscli" cmp -s "$work/by-awscli.dpi" "$objects/$name.dpi"
fi

# --- no secret stands in a line; a presigned URL needs consent
dp-slice plan -n 3 "s3://reads/$name" >"$work/manifest"
check "no secrets in lines" test -z "$(grep -E "$AWS_SECRET_ACCESS_KEY|Signature" "$work/manifest")"
url=$(s3 sign reads "$name")
dp-slice plan -n 3 --index "$objects/$name.dpi" "$url" >"$work/signed" 2>"$work/words"
same "a presigned URL without --allow-signed: exit status" "$?" 1
whole "a presigned URL" "$url" -n 3 --allow-signed --index "$objects/$name.dpi"

# --- overwritten after planning, by bytes of the same length
dp-slice plan -n 6 "s3://reads/$name" >"$work/manifest"
/usr/bin/python3 - "$objects/$name" "$work/other.gz" <<'END'
import sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(data[:-1] + bytes([data[-1] ^ 1]))
END
s3 put "$work/other.gz" reads "$name"
refused "overwritten on S3"
dp-slice plan -n 2 "s3://reads/$name" >/dev/null 2>&1
same "a stale index on S3: exit status" "$?" 3

# --- wrong credentials and a missing object are plain errors
AWS_SECRET_ACCESS_KEY=wrong dp-index show "s3://reads/$name" >/dev/null 2>"$work/words"
same "a wrong secret: exit status" "$?" 1
dp-index build -q s3://reads/no-such-object 2>"$work/words"
same "no such object: exit status" "$?" 1
check "no such object: the message names it" grep -q '^dp-index: s3://reads/no-such-object' "$work/words"

summary
