#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-s3wan.sh DIR UPSTREAM [NAME=VALUE...]: a wide-area network and its accidents, in front of the
# HTTP or S3 server at UPSTREAM (http://HOST:PORT): nginx with Lua on a free loopback port. Host and
# the raw URI pass unchanged, so that signatures stay valid. NAMEs:
#   delay=25 jitter=5           milliseconds before the first byte: delay to delay + jitter
#   rate=80m                    bytes a second over one connection; 0: no limit
#   p503=0 p500=0               requests in a thousand that get a 503 SlowDown, a 500 InternalError,
#   pclose=0                    no answer at all (the connection is closed),
#   pshort=0                    all headers and a part of the body, then a closed connection,
#   pstall=0                    all headers and a part of the body, then nothing
#   most=0                      bytes, more of which a part of a body never is; 0: no limit. Who needs less
#                               than what was asked for may have all of that in a part
#   seed=1                      of the dice, which are thrown for one request after the other
#   row=0                       no more accidents in a row than this for requests that end at the same
#                               byte of the same object; 0: no limit. Who gives up later than that never
#                               does, in whatever order requests come
#   keep=0                      1: answers to GET are kept, and come from there the next time, for
#                               whoever asks: then the store's work is not done beside what is measured
# DIR/env then says S3WAN_URL and S3WAN_LOG (per request: method, URI, range, status, body bytes of the
# answer, number of the connection, seconds, bytes of the request). For rates of nothing but the network use delay and rate alone.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
shift
[ $# -ge 1 ] || fail "which UPSTREAM?"
upstream=${1#http://}
upstream=${upstream%/}
shift
delay=25 jitter=5 rate=80m p503=0 p500=0 pclose=0 pshort=0 pstall=0 most=0 seed=1 row=0 keep=0
for setting in "$@"; do
    case ${setting%%=*} in
    delay | jitter | rate | p503 | p500 | pclose | pshort | pstall | most | seed | row | keep) declare "$setting" ;;
    *) fail "there is no setting '$setting'" ;;
    esac
done
need nginx curl setsid
mkdir -p "$dir/tmp"

# What happens to a request: `lot` is a number from 1 to 1000, each accident owns a part of them.
write_dice() {
    cat >"$dir/dice.lua" <<LUA
local dice = {}
math.randomseed($seed)

local function refuse(status, code, message)
    ngx.status = status
    ngx.header["Content-Type"] = "application/xml"
    ngx.print('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>' .. code .. '</Code><Message>' ..
        message .. '</Message></Error>')
    return ngx.exit(status)
end

-- Accidents in a row, by what was asked for: a request that goes on where one ended has its end.
local rows = {}

-- The lot, or one without an accident for whom has had enough of them.
local function spare(lot)
    local asked = ngx.var.request_method .. ngx.var.request_uri ..
        string.match(ngx.var.http_range or "", "%d*\$")
    local met = lot <= $p503 + $p500 + $pclose + $pshort + $pstall and (rows[asked] or 0) + 1 or nil
    if met and met > $row then met, lot = nil, 1001 end
    rows[asked] = met
    return lot
end

-- Before the request is passed on.
function dice.access()
    local wait, lot, part = math.random(), math.random(1000), math.random()
    if $row > 0 then lot = spare(lot) end
    ngx.sleep(($delay + wait * $jitter) / 1000)
    if lot <= $p503 then return refuse(503, "SlowDown", "Please reduce your request rate.") end
    lot = lot - $p503
    if lot > 0 and lot <= $p500 then
        return refuse(500, "InternalError", "We encountered an internal error. Please try again.")
    end
    lot = lot - $p500
    if lot > 0 and lot <= $pclose then return ngx.exit(444) end
    lot = lot - $pclose
    if lot > 0 and lot <= $pshort then ngx.var.part = part; return ngx.exec("@short") end
    lot = lot - $pshort
    if lot > 0 and lot <= $pstall then ngx.var.part = part; return ngx.exec("@stall") end
end

-- Every piece of a body that is to be cut: the announced length stays, the first part passes.
function dice.cut()
    local left = ngx.ctx.left
    if not left then
        left = math.floor((tonumber(ngx.header.content_length) or 0) * tonumber(ngx.var.part))
        if $most > 0 then left = math.min(left, $most) end
    end
    local piece = string.sub(ngx.arg[1], 1, left)
    ngx.ctx.left = left - #piece
    ngx.arg[1] = piece
end

return dice
LUA
}

write_config() {
    local user='' cache=''
    [ "$keep" = 0 ] ||
        cache="proxy_cache_path $dir/kept levels=1:2 keys_zone=answers:16m use_temp_path=off max_size=8g;"
    # Only root may choose whose files the worker can read.
    [ "$(id -u)" != 0 ] || user="user $(id -un) $(id -gn);"
    cat >"$dir/pass.conf" <<CONF
limit_rate $rate;
# Large pieces: the pauses between them that make the rate are whole milliseconds.
postpone_output 1048576;
proxy_pass http://upstream;
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host \$http_host;
proxy_request_buffering off;
proxy_buffering on;
proxy_buffers 16 256k;
proxy_busy_buffers_size 2m;
proxy_buffer_size 64k;
proxy_max_temp_file_size 0;
proxy_next_upstream off;
CONF
    [ "$keep" = 0 ] || cat >>"$dir/pass.conf" <<CONF
# Kept by range: a cache passes no Range on of its own accord. nginx sends files by itself.
proxy_cache answers;
proxy_cache_key \$request_method\$request_uri\$http_range;
proxy_cache_convert_head off;
proxy_cache_valid 200 206 1d;
proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
proxy_set_header Range \$http_range;
sendfile on;
sendfile_max_chunk 1m;
CONF
    cat >"$dir/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
$user
pid $dir/nginx.pid;
error_log $dir/error.log warn;
worker_processes 1;
daemon off;
events { worker_connections 1024; }
http {
    log_format requests '\$request_method \$request_uri [\$http_range] \$status \$body_bytes_sent c=\$connection t=\$request_time s=\$request_length';
    access_log $dir/access.log requests;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
    $cache
    client_max_body_size 8g;
    keepalive_requests 100000;
    keepalive_timeout 600;
    merge_slashes off;
    lua_package_path '$dir/?.lua;;';
    init_worker_by_lua_block { require "dice" }
    upstream upstream { server $upstream; keepalive 64; }
    server {
        listen 127.0.0.1:$1;
        set \$part 1;
        # No bucket has such a name.
        location = /.ready { access_log off; return 204; }
        location / { access_by_lua_block { require("dice").access() } include pass.conf; }
        location @short {
            keepalive_timeout 0;
            body_filter_by_lua_block { require("dice").cut() }
            include pass.conf;
        }
        location @stall { body_filter_by_lua_block { require("dice").cut() } include pass.conf; }
    }
}
CONF
}

port=$(free_ports 1)
write_dice
write_config "$port"
run nginx nginx -p "$dir" -c "$dir/nginx.conf"
wait_for "http://127.0.0.1:$port/.ready"
cat >"$dir/env" <<ENV
S3WAN_URL=http://127.0.0.1:$port
S3WAN_LOG='$dir/access.log'
export S3WAN_URL S3WAN_LOG
ENV
guard
