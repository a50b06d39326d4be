#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# OpenStack Swift with its S3 interface: a second opinion on signatures and semantics. Debian packages
# swift-proxy swift-account swift-container swift-object memcached.
#
# start-swift.sh DIR [BUCKET...]: on free loopback ports, fresh each time, with the buckets that are
# named (test-bucket when none is). DIR/env then says, for the client, AWS_ENDPOINT_URL,
# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION. About five seconds and 500 MB of memory.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
shift
need swift-ring-builder swift-proxy-server swift-account-server swift-container-server \
    swift-object-server memcached curl setsid

# ring NAME PORT: one device, one replica.
ring() {
    swift-ring-builder "$1.builder" create 4 1 0 >/dev/null
    swift-ring-builder "$1.builder" add "r1z1-127.0.0.1:$2/disk" 1 >/dev/null
    swift-ring-builder "$1.builder" rebalance >/dev/null
}

common() {
    cat <<END
[DEFAULT]
swift_dir = $dir/etc
user = $(id -un)
log_udp_host = 127.0.0.1
log_udp_port = 9
bind_ip = 127.0.0.1
bind_port = $1
workers = 1
# Its parts wait for each other, however busy the machine: by default it is half a second, then an object
# is written that stands in no listing, and a server counts as broken for a minute.
conn_timeout = 60
node_timeout = 120
container_update_timeout = 120
END
}

# backend NAME PORT
backend() {
    common "$2" >"$1.conf"
    cat >>"$1.conf" <<END
devices = $dir/devices
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
recon_cache_path = $dir/run
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
connect_timeout = 60
pool_timeout = 60
io_timeout = 60
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

port=$(free_ports 5)
rm -rf "${dir:?}"/{etc,devices,run}
mkdir -p "$dir"/{etc,devices/disk,run}
cd "$dir/etc"
at=$((port + 1))
for name in account container object; do
    ring "$name" "$at"
    backend "$name" "$at"
    at=$((at + 1))
done
proxy "$port" "$at"
run memcached memcached -u "$(id -un)" -l 127.0.0.1 -p "$at" -m 64
for name in account container object proxy; do
    run "$name" "swift-$name-server" "$dir/etc/$name.conf"
done
wait_for "http://127.0.0.1:$port/"
# Buckets through Swift's own interface: curl's signer takes no user with a colon.
token=$(curl -sSf -D - -o /dev/null -H 'X-Auth-User: test:tester' -H 'X-Auth-Key: testing' \
    "http://127.0.0.1:$port/auth/v1.0" | awk 'tolower($1) == "x-auth-token:" { print $2 }' | tr -d '\r')
for bucket in "${@:-test-bucket}"; do
    curl -sSf --retry 8 -X PUT -H "X-Auth-Token: $token" "http://127.0.0.1:$port/v1/AUTH_test/$bucket" ||
        fail "bucket $bucket cannot be made"
done
cat >"$dir/env" <<ENV
AWS_ENDPOINT_URL=http://127.0.0.1:$port
AWS_ACCESS_KEY_ID=test:tester
AWS_SECRET_ACCESS_KEY=testing
AWS_REGION=us-east-1
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
ENV
guard
