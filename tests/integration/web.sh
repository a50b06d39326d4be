#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Web servers: passwords, redirects, proxies, certificates, and servers without byte ranges.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

serve nginx "$work/www"
serve tinyproxy
chmod 755 "$work"
export HOME=$work/home DP_INDEX_DIR=$work/indexes
mkdir "$HOME" "$work/empty"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy NO_PROXY no_proxy NETRC \
    SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE AWS_CA_BUNDLE
awk 'BEGIN { srand(3); for (i = 0; i < 20000; i++) { s = ""; for (k = 0; k < 60; k++)
    s = s substr("ACGT", int(rand() * 4) + 1, 1); print "@r" i "\n" s "\n+\n" s } }' >"$work/reads"
gzip -n <"$work/reads" >"$work/www/reads.gz"
want=$(sum_of <"$work/reads")
host=${NGINX_URL#http://}

# whole_job LABEL URI: index, plan, fetch; $work/manifest holds the lines.
whole_job() {
    rm -rf "$DP_INDEX_DIR"
    dp-index build -q "$2" || { fail "$1: build"; return; }
    dp-slice plan -n 3 "$2" >"$work/manifest" || { fail "$1: plan"; return; }
    same "$1" "$(dp-slice fetch -q "$work/manifest" | sum_of)" "$want"
}
# refuses LABEL TEXT COMMAND...: exit status 1 and one line with TEXT.
refuses() {
    local label=$1 text=$2
    shift 2
    timeout 180 "$@" >"$work/out" 2>"$work/err"
    same "$label: exit status" "$?" 1
    same "$label: lines" "$(wc -l <"$work/err")" 1
    check "$label: '$(cat "$work/err")' says '$text'" grep -qE -- "$text" "$work/err"
    check "$label: no secrets" test -z "$(grep -E 's3cret|wr0ng|pr0xypass' "$work/err")"
}
netrc() { printf 'machine %s\nlogin reader\npassword %s\n' "$1" "$2"; }
new_log() { : >"$NGINX_LOG"; : >"$PROXY_LOG"; }

# ---------------------------------------------------------------------------------- passwords
refuses "no password" "HTTP 401" dp-index build "$NGINX_URL/auth/reads.gz"
netrc 127.0.0.1 s3cret >"$HOME/.netrc"
whole_job "a password in ~/.netrc" "$NGINX_URL/auth/reads.gz"
netrc 127.0.0.1 wr0ng >"$HOME/.netrc"
refuses "a wrong one" "HTTP 401" dp-zcat "$NGINX_URL/auth/reads.gz"
netrc 127.0.0.1 s3cret >"$work/passwords"
NETRC=$work/passwords whole_job "a password in \$NETRC" "$NGINX_URL/auth/reads.gz"
rm "$HOME/.netrc"
# In the URL for those who plan; the lines do not tell it, and workers have their own.
dp-slice plan -n 3 "http://reader:s3cret@$host/auth/reads.gz" >"$work/manifest" || fail "a password in the URL: plan"
check "a password in the URL: not in lines" test -z "$(grep -E 's3cret|reader' "$work/manifest")"
refuses "a worker without a password" "HTTP 401" dp-slice fetch -q --only 1 "$work/manifest"
same "a worker with one" "$(NETRC=$work/passwords dp-slice fetch -q "$work/manifest" | sum_of)" "$want"
check "no password in indexes" test -z "$(grep -rlE 's3cret' "$DP_INDEX_DIR")"
refuses "a wrong one in the URL" "^dp-zcat: $NGINX_URL/auth/reads.gz: .*HTTP 401" dp-zcat "http://reader:wr0ng@$host/auth/reads.gz"
dp-index build -v -q -o "http://reader:s3cret@$host/davauth/here.dpi" "$NGINX_URL/reads.gz" 2>"$work/err" ||
    fail "an index by PUT"
check "an index by PUT" cmp -s "$work/www/here.dpi" "$(find "$DP_INDEX_DIR" -name '*.dpi')"

# ---------------------------------------------------------------------------------- redirects
whole_job "a redirect" "$NGINX_URL/redir/reads.gz"
whole_job "to another host" "$NGINX_URL/away/reads.gz"
refuses "a circle" "redirect" dp-zcat "$NGINX_URL/loop/reads.gz"
refuses "from TLS to plain text" "not safe to follow" env CURL_CA_BUNDLE="$NGINX_CA" dp-zcat "$NGINX_TLS_URL/plain/reads.gz"
new_log
dp-zcat "http://reader:s3cret@$host/away/reads.gz" | cmp -s - "$work/reads"
same "with a password: to another host" "${PIPESTATUS[*]}" "0 0"
check "a password is not taken to another host" soon grep -q 'GET /away/.* 302 .*auth=+' "$NGINX_LOG"
check "a password is not taken to another host: there" soon grep -q 'GET /reads.gz .* 206 .*auth=-' "$NGINX_LOG"
same "a password is not taken to another host: nowhere" "$(grep -c 'GET /reads.gz .*auth=+' "$NGINX_LOG")" 0

# ------------------------------------------------------------------------------------ proxies
new_log
http_proxy=$PROXY whole_job "a proxy" "$NGINX_URL/reads.gz"
check "a proxy: it was asked" soon grep -q "GET $NGINX_URL/reads.gz" "$PROXY_LOG"
all_asked() { [ "$(grep -c "GET $NGINX_URL/reads.gz" "$PROXY_LOG")" = "$(grep -c 'GET /reads.gz ' "$NGINX_LOG")" ]; }
check "a proxy: all went through it" soon all_asked
for variable in no_proxy NO_PROXY; do
    new_log
    env http_proxy="$PROXY" "$variable=example.org,127.0.0.1" dp-zcat "$NGINX_URL/reads.gz" | cmp -s - "$work/reads"
    same "$variable" "${PIPESTATUS[*]} $(grep -c 'GET' "$PROXY_LOG")" "0 0 0"
done
for variable in https_proxy HTTPS_PROXY all_proxy; do
    new_log
    env CURL_CA_BUNDLE="$NGINX_CA" "$variable=$PROXY" dp-zcat "$NGINX_TLS_URL/reads.gz" | cmp -s - "$work/reads"
    same "$variable" "${PIPESTATUS[*]}" "0 0"
    check "$variable: it was asked" soon grep -q "CONNECT ${NGINX_TLS_URL#https://}" "$PROXY_LOG"
done
refuses "a proxy without its password" "HTTP 407" env http_proxy="$PROXY_WITHOUT" dp-zcat "$NGINX_URL/reads.gz"
refuses "a proxy for TLS without its password" "proxy asks for a password" \
    env https_proxy="$PROXY_WITHOUT" dp-zcat "$NGINX_TLS_URL/reads.gz"
refuses "a proxy with a wrong password" "HTTP 40[17]" \
    env http_proxy="http://walker:wr0ng@${PROXY_WITHOUT#http://}" dp-zcat "$NGINX_URL/reads.gz"
refuses "a proxy that is not there" "onnect" env http_proxy=http://walker:pr0xypass@127.0.0.1:9 dp-zcat --retries 1 "$NGINX_URL/reads.gz"

# -------------------------------------------------------------------------------- certificates
refuses "a certificate of nobody known" "certificate" dp-index build "$NGINX_TLS_URL/reads.gz"
for variable in SSL_CERT_FILE CURL_CA_BUNDLE AWS_CA_BUNDLE; do
    whole_job "$variable" "$NGINX_URL/reads.gz" # without TLS: nothing changes
    env "$variable=$NGINX_CA" dp-zcat "$NGINX_TLS_URL/reads.gz" | cmp -s - "$work/reads"
    same "$variable" "${PIPESTATUS[*]}" "0 0"
    refuses "$variable: no such file" "certificates cannot be read from $work/none.pem" env "$variable=$work/none.pem" dp-zcat "$NGINX_TLS_URL/reads.gz"
done
mkdir "$work/authorities"
cp "$NGINX_CA" "$work/authorities/$(openssl x509 -in "$NGINX_CA" -noout -hash).0"
SSL_CERT_DIR=$work/authorities dp-zcat "$NGINX_TLS_URL/reads.gz" | cmp -s - "$work/reads"
same "SSL_CERT_DIR" "${PIPESTATUS[*]}" "0 0"
refuses "a certificate for another name" "certificate" env CURL_CA_BUNDLE="$NGINX_CA" dp-zcat "https://127.0.0.2:${NGINX_TLS_URL##*:}/reads.gz"

# --------------------------------------------------------------------------- no byte ranges
rm -rf "$DP_INDEX_DIR"
dp-index build -q "$NGINX_URL/nr/reads.gz" || fail "no ranges: build"
dp-index build -q -o "$work/local.dpi" "$work/www/reads.gz" || fail "a local build"
check "no ranges: the index is that of the file" cmp -s "$work/local.dpi" "$(find "$DP_INDEX_DIR" -name '*.dpi')"
dp-zcat "$NGINX_URL/nr/reads.gz" | cmp -s - "$work/reads"
same "no ranges: from beginning to end" "${PIPESTATUS[*]}" "0 0"
dp-zcat --index "$work/local.dpi" "$NGINX_URL/nr/reads.gz" 2>"$work/err" | cmp -s - "$work/reads"
same "no ranges: with an index that was asked for" "${PIPESTATUS[*]}" "0 0"
check "no ranges: an index that was asked for and is of no use" \
    grep -q "^dp-zcat: warning: $NGINX_URL/nr/reads.gz: .*; going on without the index$" "$work/err"
refuses "no ranges: plan" "^dp-slice: $NGINX_URL/nr/reads.gz: .*(ranges|parts)" dp-slice plan -n 3 "$NGINX_URL/nr/reads.gz"
# Lines that were made while there were ranges.
dp-slice plan -n 3 --index "$work/local.dpi" "$NGINX_URL/reads.gz" >"$work/manifest" || fail "a plan"
sed -i 's|location / { }|location / { max_ranges 0; }|' "$work/nginx/nginx.conf"
# The workers of before go on answering for a moment: only when none of them runs do all answers
# come from the new ones. New ones are there once a request is answered then.
master=$(cat "$work/nginx/nginx.pid")
before=$(pgrep -P "$master") || fail "nginx has no workers"
gone() {
    local pid
    for pid in $before; do
        ! kill -0 "$pid" 2>/dev/null || return 1
    done
}
kill -HUP "$master"
check "no ranges: the workers of before have ended" soon gone
same "no ranges: answers" "$(curl -s -o "$work/out" -w '%{http_code}' -r 0-1 "$NGINX_URL/reads.gz")" 200
refuses "no ranges: fetch" "^dp-slice: $NGINX_URL/reads.gz: .*(ranges|parts)" dp-slice fetch -q --only 2 "$work/manifest"

summary
