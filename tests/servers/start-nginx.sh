#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-nginx.sh DIR [ROOT]: nginx on free loopback ports, serving the files of ROOT (DIR/root).
# DIR/env then says NGINX_URL (http), NGINX_TLS_URL (https, certificate in NGINX_CA), NGINX_ROOT and
# NGINX_LOG (per request: method, URI, range, status, body bytes, connection, "auth=+" when it brought
# a password). 127.0.0.2 answers TLS, too, where the certificate does not fit. Locations:
#   /            ranges, ETag, Last-Modified          /nr/     no byte ranges
#   /auth/       basic authentication reader:s3cret   /busy/   always 503
#   /dav/        PUT and DELETE                       /redir/  302 to the same name at /
#   /davauth/    the same, authenticated              /loop/   302 to itself
#   /plain/      302 from https to http               /weak/   weak ETag only
#   /bare/       neither ETag nor Last-Modified       /dated/  Last-Modified only
#   /slow/       256 KiB a second                  /forbidden/  always 403
#   /broken/     always 500                           /away/   302 to the same name on localhost
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
root=${2:-$dir/root}
need nginx openssl curl setsid
mkdir -p "$root" "$dir/tmp"
chmod 755 "$root"

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 30 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>"$dir/openssl.out" ||
    fail "openssl made no certificate"
printf 'reader:%s\n' "$(openssl passwd -apr1 s3cret)" >"$dir/users"

write_config() {
    local port=$1 tls=$2 user=
    # Only root may choose whose files the worker can read.
    [ "$(id -u)" != 0 ] || user="user $(id -un) $(id -gn);"
    cat >"$dir/nginx.conf" <<CONF
$user
pid $dir/nginx.pid;
error_log $dir/error.log warn;
worker_processes 1;
daemon off;
events { worker_connections 512; }
http {
    log_format requests '\$request_method \$request_uri [\$http_range] \$status \$body_bytes_sent c=\$connection auth=\$has_auth';
    map \$http_authorization \$has_auth { '' -; default +; }
    access_log $dir/access.log requests;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
    client_max_body_size 8g;
    keepalive_requests 100000;
    default_type application/octet-stream;
    sendfile on;
    map \$sent_http_etag \$weak_etag { ~^(.*)\$ 'W/"weak"'; }
    server {
        listen 127.0.0.1:$port;
        listen 127.0.0.1:$tls ssl;
        listen 127.0.0.2:$tls ssl;
        ssl_certificate $dir/cert.pem;
        ssl_certificate_key $dir/key.pem;
        root $root;
        location / { }
        location /auth/ { alias $root/; auth_basic files; auth_basic_user_file $dir/users; }
        location /dav/ { alias $root/; dav_methods PUT DELETE; create_full_put_path on; }
        location /davauth/ {
            alias $root/; dav_methods PUT DELETE; create_full_put_path on;
            auth_basic files; auth_basic_user_file $dir/users;
        }
        location /nr/ { alias $root/; max_ranges 0; }
        location /away/ { rewrite ^/away/(.*)\$ http://localhost:$port/\$1 redirect; }
        location /busy/ { return 503; }
        location /forbidden/ { return 403; }
        location /broken/ { return 500; }
        location /redir/ { rewrite ^/redir/(.*)\$ /\$1 redirect; }
        location /loop/ { return 302 \$request_uri; }
        location /plain/ { rewrite ^/plain/(.*)\$ http://127.0.0.1:$port/\$1 redirect; }
        location /weak/ { alias $root/; etag off; add_header ETag 'W/"weak"'; }
        location /dated/ { alias $root/; etag off; }
        location /bare/ { alias $root/; etag off; add_header Last-Modified ""; }
        location /slow/ { alias $root/; limit_rate 256k; }
    }
}
CONF
}

port=$(free_ports 2)
write_config "$port" $((port + 1))
run nginx nginx -p "$dir" -c "$dir/nginx.conf"
wait_for "http://127.0.0.1:$port/"
cat >"$dir/env" <<ENV
NGINX_URL=http://127.0.0.1:$port
NGINX_TLS_URL=https://127.0.0.1:$((port + 1))
NGINX_CA='$dir/cert.pem'
NGINX_ROOT='$root'
NGINX_LOG='$dir/access.log'
export NGINX_URL NGINX_TLS_URL NGINX_CA NGINX_ROOT NGINX_LOG
ENV
guard
