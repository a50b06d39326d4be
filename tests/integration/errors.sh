#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What goes wrong with places, and what is said of it: one line on standard error that begins with
# the program and what it is about, the exit status, and no waiting.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# goes_wrong LABEL STATUS ABOUT TEXT COMMAND...: COMMAND ends with STATUS within some seconds (a few,
# were the machine not busy; the tools' own limits are 30 and more), writes nothing to standard output,
# and one line "PROGRAM: ABOUT: ...TEXT..." to standard error. TEXT is an extended regular expression.
most_seconds=25
goes_wrong() {
    local label=$1 status=$2 about=$3 text=$4 begin=$SECONDS have
    shift 4
    timeout -k 5 120 "$@" >"$work/out" 2>"$work/err" </dev/null
    have=$?
    same "$label: exit status" "$have" "$status"
    check "$label: at once, not after $((SECONDS - begin)) s" test $((SECONDS - begin)) -le "$most_seconds"
    check "$label: nothing on standard output" test ! -s "$work/out"
    same "$label: lines" "$(wc -l <"$work/err")" 1
    case $(cat "$work/err") in
    "$1: $about: "*) pass ;;
    *) fail "$label: '$(cat "$work/err")' does not begin with '$1: $about: '" ;;
    esac
    check "$label: '$(cat "$work/err")' says '$text'" grep -qE -- "$text" "$work/err"
    check "$label: no secrets" test -z "$(grep -F -e "${AWS_SECRET_ACCESS_KEY:-no secret}" -e 's3cret' \
        -e 'Signature=' -e 'Credential=' "$work/err")"
}

s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }
# A line in a file of one FASTQ record each, `count` of them.
reads() {
    awk -v count="$1" 'BEGIN { for (i = 1; i <= count; i++) print "@r" i "\nACGTACGTAC\n+\nIIIIIIIIII" }'
}

reads 20000 | gzip -n >"$work/reads.gz"
reads 20001 | gzip -n >"$work/other.gz"
serve nginx
serve rgw reads shut
export AWS_EC2_METADATA_DISABLED=true HOME=$work
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy NETRC SSL_CERT_FILE \
    CURL_CA_BUNDLE AWS_CA_BUNDLE
cp "$work/reads.gz" "$NGINX_ROOT/reads.gz"
s3 put "$work/reads.gz" reads reads.gz || cannot "boto3 cannot write"
dp-index build -q s3://reads/reads.gz || cannot "no index in the bucket"
dp-index build -q -o "$work/reads.dpi" "$work/reads.gz" || cannot "no index"

# ------------------------------------------------------------------------------ what is missing
for tool in "dp-index build" "dp-index show" "dp-slice plan -n 2" "dp-zcat"; do
    # shellcheck disable=SC2086 # words
    goes_wrong "$tool: no such key" 1 s3://reads/none.gz "no such object" $tool s3://reads/none.gz
    # shellcheck disable=SC2086
    goes_wrong "$tool: no such bucket" 1 s3://no-such-bucket/x "no such bucket" $tool s3://no-such-bucket/x
    # shellcheck disable=SC2086
    goes_wrong "$tool: no such page" 1 "$NGINX_URL/none.gz" "HTTP 404" $tool "$NGINX_URL/none.gz"
    # shellcheck disable=SC2086
    goes_wrong "$tool: no such file" 1 "$work/none.gz" "No such file" $tool "$work/none.gz"
done
goes_wrong "no index" 1 "$NGINX_URL/reads.gz" "index" dp-slice plan -n 2 "$NGINX_URL/reads.gz"

# ----------------------------------------------------------------------------------- refusals
goes_wrong "http 403" 1 "$NGINX_URL/forbidden/x" "HTTP 403" dp-index build -o "$work/x.dpi" "$NGINX_URL/forbidden/x"
goes_wrong "http 500" 1 "$NGINX_URL/broken/x" "HTTP 500" dp-index build -o "$work/x.dpi" --retries 2 "$NGINX_URL/broken/x"
goes_wrong "http 503" 1 "$NGINX_URL/busy/x" "HTTP 503" dp-index build -o "$work/x.dpi" --retries 2 "$NGINX_URL/busy/x"
goes_wrong "http 401" 1 "$NGINX_URL/auth/reads.gz" "HTTP 401" dp-index build -o "$work/x.dpi" "$NGINX_URL/auth/reads.gz"
expired=$(s3 sign reads reads.gz 1)
sleep 2
goes_wrong "expired presigned URL" 1 "${expired%%\?*}" "HTTP 403" dp-zcat "$expired"
goes_wrong "expired presigned URL, planning" 1 "${expired%%\?*}" "HTTP 403" \
    dp-slice plan -n 2 --allow-signed --index "$work/reads.dpi" "$expired"
# A password for the host of a store is no use there, and is not sent along when an index is looked for.
printf 'machine 127.0.0.1\nlogin reader\npassword x\n' >"$HOME/.netrc"
presigned=$(s3 sign reads reads.gz 600)
goes_wrong "a presigned URL and .netrc: no index" 1 "${presigned%%\?*}" "has no index yet" \
    dp-slice plan -n 2 --allow-signed "$presigned"
rm "$HOME/.netrc"

# --------------------------------------------------------------------------------- writing
# Somebody who may read the bucket, but not write: said before much of the object is read.
s3 let reads "$RGW_READER" GetObject ListBucket || cannot "no policy for a bucket"
(
    export AWS_ACCESS_KEY_ID=$RGW_READER_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$RGW_READER_SECRET_KEY
    s3 get reads reads.gz "$work/as-reader.gz" && cmp -s "$work/as-reader.gz" "$work/reads.gz"
) || cannot "the reader cannot read"
as_reader() {
    env AWS_ACCESS_KEY_ID="$RGW_READER_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$RGW_READER_SECRET_KEY" "$@"
}
s3 put "$work/reads.gz" reads fresh.gz || fail "boto3 cannot write"
mkdir -p "$work/empty"
cd "$work/empty" || exit 1
AWS_ACCESS_KEY_ID=$RGW_READER_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$RGW_READER_SECRET_KEY \
    goes_wrong "no permission to write the index" 1 s3://reads/fresh.gz.dpi "AccessDenied" \
    dp-index build s3://reads/fresh.gz
same "no permission: nothing was left" "$(ls -A "$work/empty")" ""
# What a big one costs until that is known: the trial and the first bytes go out at the same time.
yes 'a line of a big object' | head -c 100000000 >"$work/big.txt"
s3 put "$work/big.txt" reads big.txt || fail "boto3 cannot write"
rm "$work/big.txt"
# (Over a line so slow that half of it takes much longer than a denial does on a busy machine.)
serve s3wan "$AWS_ENDPOINT_URL" delay=0 jitter=0 rate=500k
as_reader dp-index build -q --stats "$work/stats" --endpoint-url "$S3WAN_URL" s3://reads/big.txt 2>/dev/null
same "no permission, a big object" "$?" 1
received=$(/usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["received_bytes"])' "$work/stats")
check "no permission: $received of 100000000 bytes were read" test "$received" -lt 50000000
as_reader dp-index build -q -o "$work/reader.dpi" s3://reads/fresh.gz
same "no permission, but a place of one's own" "$?" 0
goes_wrong "no bucket for the index" 1 s3://no-such-bucket/x.dpi "no such bucket" \
    dp-index build -o s3://no-such-bucket/x.dpi "$work/reads.gz"
goes_wrong "no folder for the index" 1 /proc/none "none" dp-index build -o /proc/none/x.dpi "$work/reads.gz"

# ------------------------------------------------------------------------------------ changes
dp-slice plan -n 4 s3://reads/reads.gz >"$work/manifest" || fail "a plan"
s3 put "$work/other.gz" reads reads.gz || fail "boto3 cannot write"
goes_wrong "changed since the plan" 3 s3://reads/reads.gz "replaced|changed|not the one" \
    dp-slice fetch -q --only 2 -o "$work/piece" "$work/manifest"
goes_wrong "changed since the index" 3 s3://reads/reads.gz "index" dp-slice plan -n 4 s3://reads/reads.gz
dp-slice plan -n 4 --index "$work/reads.dpi" "$NGINX_URL/reads.gz" >"$work/manifest" || fail "a plan"
cp "$work/other.gz" "$NGINX_ROOT/reads.gz"
goes_wrong "changed since the plan, http" 3 "$NGINX_URL/reads.gz" "replaced|changed|not the one" \
    dp-slice fetch -q --only 2 -o "$work/piece" "$work/manifest"
goes_wrong "changed since the index, http" 3 "$NGINX_URL/reads.gz" "index" \
    dp-slice plan -n 4 --index "$work/reads.dpi" "$NGINX_URL/reads.gz"

# ------------------------------------------------------------------------------------ networks
nobody=$(. "$servers/lib.sh" && free_ports 1)
goes_wrong "nobody listens" 1 "http://127.0.0.1:$nobody/x" "onnect" dp-zcat --retries 2 "http://127.0.0.1:$nobody/x"
# How long a name takes is up to this machine's resolver.
most_seconds=100
goes_wrong "no such host" 1 http://no-such-host.invalid/x "[Rr]esolv" dp-zcat --retries 1 http://no-such-host.invalid/x
goes_wrong "no such endpoint" 1 s3://reads/x "[Rr]esolv" \
    dp-zcat --retries 1 --endpoint-url http://no-such-host.invalid s3://reads/x
most_seconds=25
goes_wrong "nobody at the endpoint" 1 s3://reads/x "onnect" \
    dp-zcat --retries 1 --endpoint-url "http://127.0.0.1:$nobody" s3://reads/x
goes_wrong "a certificate of nobody known" 1 "$NGINX_TLS_URL/reads.gz" "certificate" dp-zcat "$NGINX_TLS_URL/reads.gz"
goes_wrong "TLS to a plain server" 1 "https://${NGINX_URL#http://}/x" "TLS|SSL" \
    dp-zcat --retries 1 "https://${NGINX_URL#http://}/x"

# A server that takes connections and says nothing.
/usr/bin/python3 -c '
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0), backlog=64)
print(server.getsockname()[1], flush=True)
time.sleep(600)' >"$work/silent.port" &
at_end "kill $! 2>/dev/null"
soon test -s "$work/silent.port" || fail "no server that says nothing"
silent=$(cat "$work/silent.port")
goes_wrong "a server that says nothing" 1 "http://127.0.0.1:$silent/x" "imed out|no byte|slow" \
    dp-zcat --retries 1 --timeout 2 "http://127.0.0.1:$silent/x"
goes_wrong "an endpoint that says nothing" 1 s3://reads/x "imed out|no byte|slow" \
    dp-index build --retries 0 --timeout 2 --endpoint-url "http://127.0.0.1:$silent" s3://reads/x

summary
