#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# start-credentials.sh DIR: the services of credentials.py on a free loopback port. DIR/env then says
# CREDENTIALS_URL. The caller writes the files in DIR that credentials.py names.
set -eu
. "$(dirname "$0")/lib.sh"
begin "$@"
need /usr/bin/python3 curl setsid
port=$(free_ports 1)
echo '{}' >"$dir/keys.json"
run credentials /usr/bin/python3 "$here/credentials.py" "$dir" "$port"
wait_for "http://127.0.0.1:$port/"
echo "export CREDENTIALS_URL=http://127.0.0.1:$port" >"$dir/env"
guard
