#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# The connectors against nginx and a Ceph RADOS gateway, each started fresh and stopped again.
set -eu
servers=${top_srcdir:?}/tests/servers
folder=$(mktemp -d "${TMPDIR:-/tmp}/dataplug-connectors-XXXXXX")
cleanup() {
    "$servers/stop.sh" "$folder/nginx"
    "$servers/stop.sh" "$folder/rgw"
    rm -rf "$folder"
}
trap cleanup EXIT
export DP_SERVER_OWNER=$$

"$servers/start-nginx.sh" "$folder/nginx"
"$servers/start-rgw.sh" "$folder/rgw" test-bucket
. "$folder/nginx/env"
. "$folder/rgw/env"
unset AWS_PROFILE AWS_CA_BUNDLE CURL_CA_BUNDLE http_proxy HTTP_PROXY https_proxy HTTPS_PROXY
export HOME=$folder TMPDIR=$folder
"$DP_BUILD_DIR/tests/integration/connectors_http"
"$DP_BUILD_DIR/tests/integration/connectors_s3"

# An independent listing: the keys lie there as they were meant, and no upload is left unfinished.
list() {
    curl -sSf -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --aws-sigv4 aws:amz:us-east-1:s3 \
        --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$RGW_URL/test-bucket/$1"
}
keys=$(list '')
for key in 'odd/two words' 'odd/a+b=c&amp;d' 'odd/100%' 'odd/%zz' 'odd/é€' 'odd//double' \
    'odd/a/../b' 'odd/?x#y'; do
    grep -qF "<Key>$key</Key>" <<<"$keys" || { echo "no key '$key' in the bucket" >&2; exit 1; }
done
! list '?uploads=' | grep -q '<UploadId>' || { echo "an upload was left unfinished" >&2; exit 1; }
