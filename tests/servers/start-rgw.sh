#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-rgw.sh DIR [BUCKET...]: a Ceph RADOS gateway with its monitor and one in-memory store on free
# loopback ports, fresh each time, with one user and the buckets that are named (test-bucket when
# none is). DIR/env then says RGW_URL and, for the client, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
# AWS_SECRET_ACCESS_KEY and AWS_REGION; RGW_READER, RGW_READER_ACCESS_KEY and RGW_READER_SECRET_KEY
# are a second user, who may do nothing yet; RGW_ROLE is a role that the first may assume by STS. About
# two seconds and 150 MB of memory.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
shift
need ceph-mon ceph-osd radosgw radosgw-admin ceph ceph-authtool monmaptool curl setsid
rm -rf "$dir"/{mon,osd,run,log,rgw,keyring,monmap}
mkdir -p "$dir"/{mon/a,osd/0,run,log,rgw}
export CEPH_CONF=$dir/ceph.conf
access_key=DATAPLUGTESTKEY
secret_key=dataplug/test+secret
fsid=$(cat /proc/sys/kernel/random/uuid)
port=$(free_ports 42)
inner=$((port + 2))

cat >"$CEPH_CONF" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$((port + 1))/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = $inner
ms bind port max = $((inner + 39))
keyring = $dir/keyring
run dir = $dir/run
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
pid file =
mon data = $dir/mon/a
mon data avail warn = 1
mon data avail crit = 1
mon allow pool size one = true
mon max pg per osd = 1000
mon pg warn min per osd = 0
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = $dir/osd/0
osd objectstore = memstore
memstore device bytes = 8G
osd class update on start = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd max object name len = 460
osd max object namespace len = 64
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw dns name = s3.localhost
rgw data = $dir/rgw
rgw enable lc threads = false
rgw gc obj min wait = 0
rgw gc processor period = 2
rgw gc processor max time = 2
rgw s3 auth use sts = true
rgw s3 auth order = sts, local, external
rgw sts key = dataplugtestkeys
rgw thread pool size = 32
rgw region root pool = .rgw.root
CONF

# A key for each part, the monitor's first map, the store's place in it.
keys() {
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$dir/keyring" --gen-key -n client.admin --cap mon 'allow *' \
        --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *'
    ceph-authtool "$dir/keyring" --gen-key -n client.rgw.a --cap mon 'allow *' --cap osd 'allow *'
    ceph-authtool "$dir/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
    monmaptool --create --clobber --addv a "[v2:127.0.0.1:$((port + 1))]" --fsid "$fsid" "$dir/monmap"
    ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
}
store() {
    local uuid
    uuid=$(cat /proc/sys/kernel/random/uuid)
    timeout 180 ceph osd new "$uuid"
    timeout 180 ceph-osd -i 0 --mkfs --osd-uuid "$uuid"
    timeout 180 ceph osd crush add osd.0 1.0 host=localhost root=default
}

keys >"$dir/setup.out" 2>&1 || fail "the monitor cannot be set up: see $dir/setup.out"
run mon ceph-mon -f -i a
store >>"$dir/setup.out" 2>&1 || fail "the store cannot be set up: see $dir/setup.out"
run osd ceph-osd -f -i 0
run rgw radosgw -f -n client.rgw.a
wait_for "http://127.0.0.1:$port/"
timeout 180 radosgw-admin user create --uid=tester --display-name=tester \
    --access-key="$access_key" --secret-key="$secret_key" >>"$dir/setup.out" 2>&1 ||
    fail "no user: see $dir/setup.out"
timeout 180 radosgw-admin user create --uid=reader --display-name=reader \
    --access-key="$access_key-R" --secret-key="$secret_key-r" >>"$dir/setup.out" 2>&1 ||
    fail "no second user: see $dir/setup.out"

# A role that the first user may assume, for session tokens.
timeout 180 radosgw-admin role create --role-name=worker --path=/ --assume-role-policy-doc='{
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
    "Principal": {"AWS": ["arn:aws:iam:::user/tester"]}}]}' >>"$dir/setup.out" 2>&1 &&
    timeout 180 radosgw-admin role-policy put --role-name=worker --policy-name=all --policy-doc='{
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]}' \
    >>"$dir/setup.out" 2>&1 || fail "no role: see $dir/setup.out"

for bucket in "${@:-test-bucket}"; do
    curl -sSf -X PUT -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" \
        --aws-sigv4 aws:amz:us-east-1:s3 --user "$access_key:$secret_key" \
        "http://127.0.0.1:$port/$bucket" || fail "bucket $bucket cannot be made"
done
cat >"$dir/env" <<ENV
RGW_URL=http://127.0.0.1:$port
AWS_ENDPOINT_URL=http://127.0.0.1:$port
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_REGION=us-east-1
RGW_READER=reader
RGW_READER_ACCESS_KEY=$access_key-R
RGW_READER_SECRET_KEY=$secret_key-r
RGW_ROLE=arn:aws:iam:::role/worker
export RGW_ROLE RGW_READER RGW_READER_ACCESS_KEY RGW_READER_SECRET_KEY
export RGW_URL AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
ENV
guard
