#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Who may read: credentials from every source, with real session tokens, against a store that checks
# each signature; presigned slices, versions, styles of addresses, buckets that others pay for; and
# what is said of wrong and expired credentials.
#
# usage: credentials.sh [rgw|swift]   the second service has no roles, policies and versions

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

service=${1:-rgw}
s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }
awk 'BEGIN { for (i = 1; i <= 90000; i++) print "@r" i "\n" substr("ACGTTGCAAC", i % 10) "ACGT\n+\n" \
    substr("IIIIIIIIII", i % 10) "IIII" }' >"$work/reads"
gzip -n <"$work/reads" >"$work/reads.gz"
serve "$service" reads
serve credentials
services=$work/credentials
mkdir -p "$work/home/.aws"
export HOME=$work/home AWS_EC2_METADATA_DISABLED=true AWS_SHARED_CREDENTIALS_FILE='' AWS_CONFIG_FILE=''
s3 put "$work/reads.gz" reads reads.gz || cannot "boto3 cannot write"
dp-index build -q s3://reads/reads.gz || cannot "no index in the bucket"
key=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY endpoint=$AWS_ENDPOINT_URL

# alone COMMAND...: with nothing in the environment but this. `with` holds more variables.
with=()
alone() {
    env -i PATH="$PATH" LD_LIBRARY_PATH="$LD_LIBRARY_PATH" HOME="$HOME" LC_ALL=C AWS_REGION=us-east-1 \
        AWS_EC2_METADATA_DISABLED=true "${with[@]}" "$@"
}
# reads LABEL SOURCE [OPTION...]: the whole object can be read, with credentials from SOURCE.
reads() {
    local label=$1 source=$2
    shift 2
    alone dp-zcat -v -v "$@" s3://reads/reads.gz 2>"$work/err" | cmp -s - "$work/reads"
    same "$label: the bytes" "${PIPESTATUS[*]}" "0 0"
    check "$label: $(cat "$work/err")" grep -q ": S3 credentials: $source\$" "$work/err"
}
# denied LABEL TEXT [OPTION...]: one line that names the object and says TEXT, within seconds (one or
# two, were the machine not busy).
denied() {
    local label=$1 text=$2 begin=$SECONDS
    shift 2
    alone timeout 60 dp-zcat "$@" s3://reads/reads.gz >"$work/out" 2>"$work/err"
    same "$label: exit status" "$?" 1
    check "$label: no output" test ! -s "$work/out"
    same "$label: lines" "$(wc -l <"$work/err")" 1
    check "$label: '$(cat "$work/err")' names the object" grep -q '^dp-zcat: s3://reads/reads.gz: ' "$work/err"
    check "$label: '$(cat "$work/err")' says '$text'" grep -qE -- "$text" "$work/err"
    check "$label: within seconds" test $((SECONDS - begin)) -le 20
}
profile() { cat >"$HOME/.aws/config"; }
keys_file() { printf '[base]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$key" "$secret" >"$HOME/.aws/credentials"; }

# ------------------------------------------------------------------------- long-lived keys
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret")
reads "environment" "environment"
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="wrong$secret")
denied "wrong secret" "signature does not match"
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="nobody" AWS_SECRET_ACCESS_KEY="$secret")
denied "wrong key" "access key is not known|denied|does not match"
with=(AWS_ENDPOINT_URL="$endpoint")
denied "no credentials" "no S3 credentials.*--no-sign-request"
keys_file
reads "credentials file" "credentials file" --profile base
with=(AWS_ENDPOINT_URL="$endpoint" AWS_PROFILE=base)
reads "AWS_PROFILE" "credentials file"
with+=(AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=nothing)
denied "the environment goes before AWS_PROFILE" "access key is not known|denied|does not match"
reads "--profile goes before the environment" "credentials file" --profile base
with=()
profile <<END
[profile program]
services = here
credential_process = printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s"}' '$key' '$secret'
[services here]
s3 =
    endpoint_url = $endpoint
[profile sso]
endpoint_url = $endpoint
sso_session = work
END
reads "credential_process" "credential process" --profile program
denied "SSO" "credential_process = aws configure export-credentials --profile sso" --profile sso

# A clock that is wrong. What the tools ask for the time is answered by a library of ours.
cat >"$work/clock.c" <<'END'
#include <time.h>
time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += 7200;
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
END
"${CC:-cc}" -shared -fPIC -o "$work/clock.so" "$work/clock.c" || fail "no compiler for the clock"
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret" LD_PRELOAD="$work/clock.so")
denied "a wrong clock" "clock here is 7[12][0-9]{2} seconds ahead"

# --------------------------------------------------------------------------- presigned slices
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret")
fetched() {
    local label=$1
    shift
    env -i PATH="$PATH" LD_LIBRARY_PATH="$LD_LIBRARY_PATH" dp-slice fetch -@2 "$@" 2>"$work/err" | cmp -s - "$work/reads"
    same "$label: $(cat "$work/err")" "${PIPESTATUS[*]}" "0 0"
}
: >"$work/manifest"
alone dp-slice plan -n 5 --presign 3600 --summary -o "$work/manifest" s3://reads/reads.gz 2>"$work/err"
same "plan --presign" "$?" 0
check "the summary tells the expiry" grep -qE ': presigned until 20[0-9-]+T[0-9:]+Z$' "$work/err"
same "a presigned manifest is its owner's" "$(stat -c %a "$work/manifest")" 600
check "http URLs only" test -z "$(grep -o 's3://' "$work/manifest")"
fetched "presigned slices, without credentials" "$work/manifest"
alone dp-slice plan -n 5 --presign 3600 --inline s3://reads/reads.gz >"$work/manifest"
fetched "presigned, inline" "$work/manifest"
alone dp-slice plan -n 1 --presign 1 -o "$work/manifest" s3://reads/reads.gz
sleep 2.1
env -i PATH="$PATH" LD_LIBRARY_PATH="$LD_LIBRARY_PATH" dp-slice fetch "$work/manifest" >"$work/out" 2>"$work/err"
same "an expired presigned slice: exit status" "$?" 1
check "an expired presigned slice: $(cat "$work/err")" grep -q 'has expired' "$work/err"
check "an expired presigned slice: no signature is said" test -z "$(grep 'X-Amz' "$work/err")"
alone dp-slice plan -n 1 --presign 3600 "$work/reads.gz" >"$work/out" 2>"$work/err"
same "only objects on S3 can be presigned" "$?" 1

if [ "$service" = swift ]; then
    summary
    exit
fi

# ---------------------------------------------------------- session tokens from every source
read -r session_key session_secret token expiry < <(s3 session "$RGW_ROLE") || cannot "no session from STS"
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$session_key" AWS_SECRET_ACCESS_KEY="$session_secret")
denied "a session's keys without its token" "HTTP 40[03]"
with+=(AWS_SESSION_TOKEN="$token")
reads "a session in the environment" "environment"
alone dp-slice plan -n 3 --presign 86400 s3://reads/reads.gz >"$work/manifest" 2>"$work/err"
fetched "presigned by a session" "$work/manifest"
with[3]=AWS_SESSION_TOKEN=bad
denied "a bad session token" "token|HTTP 40[03]"

profile <<END
[default]
endpoint_url = $endpoint
[profile role]
endpoint_url = $endpoint
role_arn = $RGW_ROLE
source_profile = base
[profile program]
endpoint_url = $endpoint
credential_process = cat $services/process.json
END
with=()
reads "a role" "assumed role" --profile role
alone dp-slice plan -n 3 --presign 86400 --profile role s3://reads/reads.gz >"$work/manifest" 2>"$work/err"
check "presigned URLs end with the session: $(cat "$work/err")" grep -q 'warning: the credentials.* end at' "$work/err"

# The services hand out what STS gave us.
printf '{"AccessKeyId": "%s", "SecretAccessKey": "%s", "Token": "%s", "Expiration": "%s"}\n' \
    "$session_key" "$session_secret" "$token" "$expiry" >"$services/keys.json"
sed 's/"Token"/"Version": 1, "SessionToken"/' "$services/keys.json" >"$services/process.json"
echo "Bearer one" >"$services/container-token"
echo "e.web.identity" >"$services/web-token"
reads "a program that gives a session" "credential process" --profile program

with=(AWS_CONTAINER_CREDENTIALS_FULL_URI="$CREDENTIALS_URL/container" AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer one")
reads "a container" "container"
with[1]="AWS_CONTAINER_AUTHORIZATION_TOKEN=Bearer two"
denied "a container with a wrong token" "container credentials: .*HTTP 401"
with[1]="AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$services/container-token"
reads "a container with a token file" "container"
with=(AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/)
denied "a container service somewhere" "AWS_CONTAINER_CREDENTIALS_FULL_URI"

with=(AWS_WEB_IDENTITY_TOKEN_FILE="$services/web-token" AWS_ROLE_ARN=arn:aws:iam::1:role/x AWS_ENDPOINT_URL_STS="$CREDENTIALS_URL")
reads "a web identity" "web identity"
echo expired >"$work/token"
with[0]=AWS_WEB_IDENTITY_TOKEN_FILE=$work/token
denied "an expired web identity" "token of the web identity has expired"
echo other >"$work/token"
denied "a foreign web identity" "No OpenIDConnect provider"

with=(AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT="$CREDENTIALS_URL/"
    AWS_METADATA_SERVICE_TIMEOUT=60) # however busy the machine
: >"$services/log"
reads "an instance" "instance metadata"
same "an instance: what was asked, once" "$(cut -d ' ' -f 1,2 "$services/log" | tr '\n' ' ')" "200 PUT 200 GET 200 GET "
: >"$services/log"
alone dp-slice plan -n 16 s3://reads/reads.gz >"$work/manifest"
alone dp-slice fetch -@8 "$work/manifest" | cmp -s - "$work/reads"
same "an instance, many threads" "${PIPESTATUS[*]}" "0 0"
same "an instance: two programs ask twice" "$(grep -c 'PUT' "$services/log")" 2
# An address that swallows everything (one kept for documentation), and one where nobody listens.
with=(AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=http://192.0.2.1)
denied "no instance" "no S3 credentials"
with=(AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9)
denied "no metadata service" "no S3 credentials"

# ---------------------------------------------------------------------- addresses and payers
with=(AWS_ENDPOINT_URL="http://s3.localhost:${endpoint##*:}" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret")
reads "virtual-host style" "environment" --addressing-style virtual
alone dp-slice plan -n 2 --presign 3600 --addressing-style virtual s3://reads/reads.gz >"$work/manifest"
check "virtual-host style, presigned" grep -q '"uri":"http://reads.s3.localhost:[0-9]*/reads.gz?' "$work/manifest"
fetched "virtual-host style, presigned" "$work/manifest"

with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret")
s3 versioned reads || fail "no versions"
s3 put "$work/reads.gz" reads versions.gz || fail "boto3 cannot write"
old=$(s3 version reads versions.gz)
gzip -nc <<<'@x' >"$work/other.gz"
s3 put "$work/other.gz" reads versions.gz || fail "boto3 cannot write"
alone dp-index build -q -o "$work/versions.dpi" "s3://reads/versions.gz?versionId=$old"
same "an old version" "$?" 0
alone dp-slice plan -n 3 --index "$work/versions.dpi" "s3://reads/versions.gz?versionId=$old" >"$work/manifest"
same "slices name the version" "$(grep -c "versions.gz?versionId=$old\"" "$work/manifest")" 3
alone dp-slice fetch "$work/manifest" | cmp -s - "$work/reads"
same "slices of an old version" "${PIPESTATUS[*]}" "0 0"
alone dp-slice plan -n 3 --inline --presign 3600 --index "$work/versions.dpi" "s3://reads/versions.gz?versionId=$old" >"$work/manifest"
fetched "presigned slices of an old version" "$work/manifest"
alone dp-index build -q "s3://reads/versions.gz?versionId=$old"
same "the index of an old version, beside it" "$?" 0
s3 get reads "versions.gz?versionId=$old.dpi" "$work/beside.dpi" || fail "no index of its own"
alone dp-slice plan -n 3 "s3://reads/versions.gz?versionId=$old" >"$work/manifest"
alone dp-slice fetch "$work/manifest" | cmp -s - "$work/reads"
same "slices by the index beside an old version" "${PIPESTATUS[*]}" "0 0"
alone dp-zcat "s3://reads/versions.gz?versionId=none" >"$work/out" 2>"$work/err"
same "no such version" "$?" 1

s3 let-all reads || fail "no policy"
with=(AWS_ENDPOINT_URL="$endpoint")
denied "a public object without a word" "no-sign-request"
alone dp-zcat --no-sign-request s3://reads/reads.gz | cmp -s - "$work/reads"
same "a public object" "${PIPESTATUS[*]}" "0 0"
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret")

s3 let reads "$RGW_READER" GetObject ListBucket || fail "no policy"
s3 requester-pays reads || fail "no requester pays"
with=(AWS_ENDPOINT_URL="$endpoint" AWS_ACCESS_KEY_ID="$RGW_READER_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$RGW_READER_SECRET_KEY")
denied "a requester who does not pay" "AccessDenied"
reads "a requester who pays" "environment" --request-payer
reads "a requester who pays, as for the AWS tools" "environment" --request-payer requester
alone dp-slice plan -n 2 --presign 3600 --request-payer s3://reads/reads.gz >"$work/manifest"
fetched "a requester who pays for presigned URLs" "$work/manifest"

summary
