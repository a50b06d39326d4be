#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# OpenStack Swift with its S3 interface on loopback, all in one folder: a second opinion on signatures
# and semantics. Needs swift-proxy swift-account swift-container swift-object memcached.
#
# usage: swift.sh start FOLDER PORT | stop FOLDER
# Ports PORT to PORT+4 are used. Access key test:tester, secret testing, region us-east-1.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# ring NAME PORT: one device, one replica.
ring() {
    swift-ring-builder "$1.builder" create 4 1 0 >/dev/null
    swift-ring-builder "$1.builder" add "r1z1-127.0.0.1:$2/disk" 1 >/dev/null
    swift-ring-builder "$1.builder" rebalance >/dev/null
}

common() {
    cat <<END
[DEFAULT]
swift_dir = $folder/etc
user = $(id -un)
log_udp_host = 127.0.0.1
log_udp_port = 9
bind_ip = 127.0.0.1
bind_port = $1
workers = 1
END
}

# backend NAME PORT
backend() {
    common "$2" >"$1.conf"
    cat >>"$1.conf" <<END
devices = $folder/devices
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
recon_cache_path = $folder/run
END
}

proxy() {
    common "$1" >proxy.conf
    cat >>proxy.conf <<END
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$2
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
END
}

start() {
    local port=$1 name at
    mkdir -p "$folder"/{etc,devices/disk,run}
    cd "$folder/etc" || return 1
    at=$((port + 1))
    for name in account container object; do
        ring "$name" "$at"
        backend "$name" "$at"
        at=$((at + 1))
    done
    proxy "$port" "$at"
    run memcached memcached -u "$(id -un)" -l 127.0.0.1 -p "$at" -m 64
    for name in account container object proxy; do
        run "$name" "swift-$name-server" "$folder/etc/$name.conf"
    done
    within 300 answers "http://127.0.0.1:$port/"
}

serve "$@"
