#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# stop.sh DIR: ends the servers that a start script left in DIR: first kindly, after five seconds by
# force. Only processes whose ids stand in DIR/pids are touched.
set -u
dir=${1:?usage: stop.sh DIR}
[ -f "$dir/pids" ] || exit 0
pids=$(cat "$dir/pids")

# Whether a process still runs; a dead one that nobody waited for does not.
alive() {
    local state
    state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null) && [ "$state" != Z ]
}

for pid in $pids; do
    kill -- "-$pid" 2>/dev/null
done
for _ in $(seq 50); do
    left=
    for pid in $pids; do
        ! alive "$pid" || left="$left $pid"
    done
    [ -n "$left" ] || break
    sleep 0.1
done
for pid in $left; do
    kill -9 -- "-$pid" 2>/dev/null
done
rm -f "$dir/pids"
exit 0
