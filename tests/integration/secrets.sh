#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# No secret leaves the tools: runs that go well and runs that fail, with keys, tokens, passwords and
# signatures from everywhere, as talkative as can be; then everything that was said and written is
# searched for them. What has to hold a signature is readable by its owner only.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }
awk 'BEGIN { for (i = 1; i <= 90000; i++) print "@r" i "\n" substr("ACGTTGCAAC", i % 10) "ACGT\n+\n" \
    substr("IIIIIIIIII", i % 10) "IIII" }' >"$work/reads"
gzip -n <"$work/reads" >"$work/reads.gz"
serve nginx
serve rgw reads
serve credentials
services=$work/credentials
said=$work/said # standard output and error of every run, figures, manifests and indexes
mkdir -p "$said" "$work/home/.aws"
export HOME=$work/home AWS_EC2_METADATA_DISABLED=true
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY NETRC AWS_PROFILE
cp "$work/reads.gz" "$NGINX_ROOT/reads.gz"
s3 put "$work/reads.gz" reads reads.gz || cannot "boto3 cannot write"
endpoint=$AWS_ENDPOINT_URL key=$AWS_ACCESS_KEY_ID
read -r session_key session_secret token expiry < <(s3 session "$RGW_ROLE") || cannot "no session from STS"
printf '{"AccessKeyId": "%s", "SecretAccessKey": "%s", "Token": "%s", "Expiration": "%s"}\n' \
    "$session_key" "$session_secret" "$token" "$expiry" >"$services/keys.json"
sed 's/"Token"/"Version": 1, "SessionToken"/' "$services/keys.json" >"$services/process.json"
echo "Bearer c0ntainer-t0ken" >"$services/container-token"
echo "w3b.identity.t0ken" >"$services/web-token"
printf 'machine 127.0.0.1 login reader password netrc-passw0rd\n' >"$HOME/.netrc"
chmod 600 "$HOME/.netrc"
cat >"$HOME/.aws/credentials" <<END
[file]
aws_access_key_id = $key
aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
[bad]
aws_access_key_id = $key
aws_secret_access_key = wr0ng-secret
[session]
aws_access_key_id = $session_key
aws_secret_access_key = $session_secret
aws_session_token = $token
END
cat >"$HOME/.aws/config" <<END
[profile role]
role_arn = $RGW_ROLE
source_profile = file
[profile badrole]
role_arn = $RGW_ROLE
source_profile = bad
[profile program]
credential_process = cat $services/process.json
[profile broken]
credential_process = sed s/Version/V/ $services/process.json
END
signed=$(s3 sign reads reads.gz)
gone=$(s3 sign reads none.gz)
late=$(s3 sign reads reads.gz 1)
signature_of() { sed 's/.*Signature=//; s/&.*//' <<<"$1"; }

# Everything that must not be seen; tokens also as they stand in URLs.
url_encoded() { /usr/bin/python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], ""))' "$1"; }
{
    for text in "$AWS_SECRET_ACCESS_KEY" "$session_secret" "$token" wr0ng-secret wr0ng-t0ken url-passw0rd s3cret \
        netrc-passw0rd c0ntainer-t0ken w3b.identity.t0ken other.identity.t0ken t0ken-in-url; do
        printf '%s\n' "$text"
        url_encoded "$text"
    done
    signature_of "$signed"
    signature_of "$gone"
    signature_of "$late"
    printf 'X-Amz-Signature=\nX-Amz-Credential=\nX-Amz-Security-Token=\nAuthorization:\n'
} | sort -u >"$work/secrets"

# runs STATUS LABEL COMMAND...: with everything it says kept, and figures of it.
number=0
runs() {
    local status=$1 label=$2 have
    shift 2
    number=$((number + 1))
    timeout 180 "$@" -v -v --stats "$said/$number.stats" >"$said/$number.out" 2>"$said/$number.err"
    have=$?
    same "$label: exit status ($(tail -n 1 "$said/$number.err"))" "$have" "$status"
    echo "$label" >"$said/$number.label"
}
# as NAME=VALUE...: the environment of the next runs, instead of the keys there.
as() { environment=(env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN "$@"); }

# --- the main job, with keys from everywhere
as AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY"
runs 0 "environment" "${environment[@]}" dp-index build s3://reads/reads.gz
s3 get reads reads.gz.dpi "$said/index" || fail "no index in the bucket"
runs 0 "plan" "${environment[@]}" dp-slice plan -n 3 -o "$said/manifest" s3://reads/reads.gz
runs 0 "inline plan" "${environment[@]}" dp-slice plan -n 3 --inline s3://reads/reads.gz
runs 0 "fetch" "${environment[@]}" dp-slice fetch -o "$work/data" "$said/manifest"
runs 0 "check" "${environment[@]}" dp-slice check "$said/manifest"
as AWS_ACCESS_KEY_ID="$session_key" AWS_SECRET_ACCESS_KEY="$session_secret" AWS_SESSION_TOKEN="$token"
runs 0 "session" "${environment[@]}" dp-index build --force s3://reads/reads.gz
for profile in file session role program; do
    as AWS_PROFILE=$profile
    runs 0 "profile $profile" "${environment[@]}" dp-index verify s3://reads/reads.gz
done
as AWS_CONTAINER_CREDENTIALS_FULL_URI="$CREDENTIALS_URL/container" AWS_CONTAINER_AUTHORIZATION_TOKEN="Bearer c0ntainer-t0ken"
runs 0 "container" "${environment[@]}" dp-index verify s3://reads/reads.gz
as AWS_WEB_IDENTITY_TOKEN_FILE="$services/web-token" AWS_ROLE_ARN=arn:aws:iam::1:role/x AWS_ENDPOINT_URL_STS="$CREDENTIALS_URL"
runs 0 "web identity" "${environment[@]}" dp-index verify s3://reads/reads.gz
as AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT="$CREDENTIALS_URL" AWS_METADATA_SERVICE_TIMEOUT=60
runs 0 "instance" "${environment[@]}" dp-index verify s3://reads/reads.gz

# --- what goes wrong
as AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY=wr0ng-secret
runs 1 "wrong secret" "${environment[@]}" dp-index verify s3://reads/reads.gz
as AWS_ACCESS_KEY_ID="$session_key" AWS_SECRET_ACCESS_KEY="$session_secret" AWS_SESSION_TOKEN=wr0ng-t0ken
runs 1 "wrong token" "${environment[@]}" dp-index verify s3://reads/reads.gz
for profile in bad badrole broken; do
    as AWS_PROFILE=$profile
    runs 1 "profile $profile" "${environment[@]}" dp-index verify s3://reads/reads.gz
done
as AWS_CONTAINER_CREDENTIALS_FULL_URI="$CREDENTIALS_URL/container" AWS_CONTAINER_AUTHORIZATION_TOKEN="wr0ng-t0ken"
runs 1 "wrong container token" "${environment[@]}" dp-index verify s3://reads/reads.gz
echo other.identity.t0ken >"$work/token"
as AWS_WEB_IDENTITY_TOKEN_FILE="$work/token" AWS_ROLE_ARN=arn:aws:iam::1:role/x AWS_ENDPOINT_URL_STS="$CREDENTIALS_URL"
runs 1 "wrong web identity" "${environment[@]}" dp-index verify s3://reads/reads.gz
as AWS_ACCESS_KEY_ID="$session_key" AWS_SECRET_ACCESS_KEY="$session_secret" AWS_SESSION_TOKEN="$token"
runs 1 "no such key" "${environment[@]}" dp-index build s3://reads/none.gz
runs 1 "no such bucket" "${environment[@]}" dp-index build s3://nowhere/none.gz
runs 1 "nobody listens" "${environment[@]}" dp-index build --retries 1 --endpoint-url http://127.0.0.1:9 s3://reads/x
runs 1 "no such host" "${environment[@]}" dp-index build --retries 1 --endpoint-url http://no-such-host.invalid s3://reads/x
runs 1 "plain text for TLS" "${environment[@]}" dp-index build --retries 1 --endpoint-url "https://${endpoint#http://}" s3://reads/x

# --- presigned URLs
as
runs 0 "presigned" "${environment[@]}" dp-index build -o "$said/index-of-url" "$signed"
runs 0 "presigned, decompressed" "${environment[@]}" dp-zcat -t --index "$said/index-of-url" "$signed"
runs 1 "presigned, planned without consent" "${environment[@]}" dp-slice plan -n 2 --index "$said/index-of-url" "$signed"
runs 1 "presigned, nothing there" "${environment[@]}" dp-index build -o "$said/none" "$gone"
runs 1 "presigned, changed" "${environment[@]}" dp-zcat "${signed%?}0x"
sleep 2
runs 1 "presigned, expired" "${environment[@]}" dp-zcat "$late"
runs 1 "presigned, nobody listens" "${environment[@]}" dp-zcat --retries 1 "http://127.0.0.1:9/x?${signed#*\?}"
runs 1 "a token in the query" "${environment[@]}" dp-zcat --retries 1 "http://127.0.0.1:9/x?access_token=t0ken-in-url"
runs 1 "an index behind a signature" "${environment[@]}" dp-slice plan -n 2 --index "$gone" "$NGINX_URL/reads.gz"

# --- manifests that must hold signatures
secret=$work/secret
for state in new old; do
    [ $state = new ] || { : >"$secret" && chmod 644 "$secret"; }
    runs 0 "--allow-signed, $state" "${environment[@]}" dp-slice plan -n 2 --allow-signed \
        --index "$said/index-of-url" -o "$secret" "$signed"
    same "--allow-signed, $state: mode" "$(stat -c %a "$secret")" 600
    rm "$secret"
    [ $state = new ] || { : >"$secret" && chmod 644 "$secret"; }
    as AWS_ACCESS_KEY_ID="$session_key" AWS_SECRET_ACCESS_KEY="$session_secret" AWS_SESSION_TOKEN="$token"
    runs 0 "--presign, $state" "${environment[@]}" dp-slice plan -n 2 --presign 3600 --summary -o "$secret" s3://reads/reads.gz
    same "--presign, $state: mode" "$(stat -c %a "$secret")" 600
    as
done
s3 put "$said/index-of-url" reads index.dpi || fail "boto3 cannot write"
runs 0 "--allow-signed for the index" "${environment[@]}" dp-slice plan -n 2 --allow-signed \
    --index "$(s3 sign reads index.dpi)" -o "$work/by-index" "$NGINX_URL/reads.gz"
check "the signature of the index" grep -q 'X-Amz-Signature=' "$work/by-index"
same "--allow-signed for the index: mode" "$(stat -c %a "$work/by-index")" 600
runs 0 "slices with a presigned index" "${environment[@]}" dp-slice fetch -o "$work/data" "$work/by-index"
check "slices with a presigned index: the bytes" cmp -s "$work/data" "$work/reads"
runs 1 "a presigned index without consent" "${environment[@]}" dp-slice plan -n 2 \
    --index "$(s3 sign reads index.dpi)" "$NGINX_URL/reads.gz"
runs 0 "records by a presigned index" "${environment[@]}" dp-zcat --records 60000-60001 \
    --index "$(s3 sign reads index.dpi)" "$NGINX_URL/reads.gz"
same "records by a presigned index: the bytes" "$(cat "$said/$number.out")" "$(sed -n 239997,240004p "$work/reads")"
check "such a manifest holds a signature" grep -q 'X-Amz-Signature=' "$secret"
runs 0 "presigned slices" "${environment[@]}" dp-slice fetch -o "$work/data" "$secret"
check "presigned slices: the bytes" cmp -s "$work/data" "$work/reads"
runs 0 "presigned slices to a command" "${environment[@]}" dp-slice fetch --exec 'wc -l' "$secret"
runs 0 "presigned slices to a folder" "${environment[@]}" dp-slice fetch --output-dir "$said/folder" "$secret"
sed 's/"decoded":{"end":[0-9]*/"decoded":{"end":1/' "$secret" >"$work/broken"
runs 3 "presigned slices, changed" "${environment[@]}" dp-slice fetch "$work/broken"
runs 3 "presigned slices, checked" "${environment[@]}" dp-slice check "$work/broken"
s3 put "$work/reads" reads reads.gz || fail "boto3 cannot write"
runs 3 "presigned slices of another object" "${environment[@]}" dp-slice fetch "$secret"
s3 delete reads reads.gz || fail "boto3 cannot delete"
runs 1 "presigned slices of nothing" "${environment[@]}" dp-slice fetch "$secret"

# --- passwords of web servers
runs 0 "password in the URL" "${environment[@]}" dp-index build -o "$said/index-of-page" \
    "http://reader:s3cret@${NGINX_URL#http://}/auth/reads.gz"
runs 0 "password in the URL, planned" "${environment[@]}" dp-slice plan -n 2 --index "$said/index-of-page" \
    -o "$said/manifest-of-page" "http://reader:s3cret@${NGINX_URL#http://}/auth/reads.gz"
runs 1 "wrong password in the URL" "${environment[@]}" dp-index build -o "$said/none" \
    "http://reader:url-passw0rd@${NGINX_URL#http://}/auth/reads.gz"
runs 1 "wrong password in .netrc" "${environment[@]}" dp-index build -o "$said/none" "$NGINX_URL/auth/reads.gz"
runs 1 "password, nobody listens" "${environment[@]}" dp-zcat --retries 1 http://reader:url-passw0rd@127.0.0.1:9/x

# --- the search; names of labels tell which run it was
while IFS= read -r text; do
    found=$(grep -rlaF -- "$text" "$said")
    check "'$text' was told in: $found" test -z "$found"
done <"$work/secrets"
same "every run left something to search" "$(find "$said" -name '*.err' | wc -l)" "$number"
check "the runs were talkative" test "$(cat "$said"/*.err "$said"/*.stats | wc -c)" -ge 5000
# The search finds what is there.
signature_of "$signed" >"$said/proof"
check "the search works" grep -rqaFf "$work/secrets" "$said"
summary
