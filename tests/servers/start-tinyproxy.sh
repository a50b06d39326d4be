#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-tinyproxy.sh DIR: a forward proxy (tinyproxy) on a free loopback port, which wants a password.
# DIR/env then says PROXY (with it), PROXY_WITHOUT (without it) and PROXY_LOG.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
need tinyproxy curl setsid
port=$(free_ports 1)
cat >"$dir/tinyproxy.conf" <<CONF
Port $port
Listen 127.0.0.1
Timeout 60
LogFile "$dir/proxy.log"
LogLevel Connect
MaxClients 50
Allow 127.0.0.1
BasicAuth walker pr0xypass
CONF
run tinyproxy tinyproxy -d -c "$dir/tinyproxy.conf"
wait_for "http://127.0.0.1:$port/"
cat >"$dir/env" <<ENV
PROXY=http://walker:pr0xypass@127.0.0.1:$port
PROXY_WITHOUT=http://127.0.0.1:$port
PROXY_LOG='$dir/proxy.log'
export PROXY PROXY_WITHOUT PROXY_LOG
ENV
guard
