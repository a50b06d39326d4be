# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors

# Sourced by the start scripts. A server's folder holds everything it writes, `pids` (one process
# id a line, each the leader of its own group) and `env` (shell variables that say where it listens).

# fail TEXT: says why and gives up; whoever was started is stopped again.
fail() {
    echo "$0: $1" >&2
    [ ! -f "$dir/pids" ] || "$here/stop.sh" "$dir"
    exit 1
}

# need PROGRAM...: every program must be there.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || { echo "$0: $program is not installed" >&2; exit 3; }
    done
}

# Loads what start scripts share: $here, $dir (made, absolute, empty of running servers). Somebody
# else may take a port between our choosing it and the server's binding it: a start that fails is
# tried again, with other ports.
begin() {
    local try
    here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
    [ $# -ge 1 ] || { echo "usage: $0 DIR [...]" >&2; exit 2; }
    if [ -z "${DP_SERVER_TRY:-}" ]; then
        for try in 1 2 3; do
            DP_SERVER_TRY=$try "$0" "$@" && exit 0
            [ $? != 3 ] || exit 1 # (of need)
        done
        exit 1
    fi
    dir=$1
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [ ! -f "$dir/pids" ] || "$here/stop.sh" "$dir"
    : >"$dir/pids"
    PATH=$PATH:/usr/sbin:/sbin
    # No proxy of the machine stands between it and itself.
    unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY
}

# free_ports COUNT: the first of COUNT ports in a row that nobody listens on, below the range from
# which the kernel takes ports of outgoing connections.
free_ports() {
    local base port
    for _ in $(seq 200); do
        base=$((10000 + (RANDOM * 32768 + RANDOM) % 20000))
        for port in $(seq $base $((base + $1 - 1))); do
            ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue 2
        done
        echo $base
        return
    done
    fail "no free ports"
}

# run NAME COMMAND...: starts a server in a process group of its own, its output in NAME.out.
run() {
    local name=$1
    shift
    setsid "$@" </dev/null >>"$dir/$name.out" 2>&1 &
    echo $! >>"$dir/pids"
}

# wait_for URL: until an HTTP answer of any status comes, at most a minute.
wait_for() {
    local pid
    for _ in $(seq 600); do
        curl -s -o /dev/null --max-time 2 "$1" && return
        for pid in $(cat "$dir/pids"); do
            kill -0 "$pid" 2>/dev/null || fail "a server ended: see $(ls "$dir"/*.out | tr '\n' ' ')"
        done
        sleep 0.1
    done
    fail "no answer from $1"
}

# guard: when DP_SERVER_OWNER names a process, the servers are stopped as soon as that has ended,
# however it ended.
guard() {
    [ -n "${DP_SERVER_OWNER:-}" ] || return 0
    setsid bash -c 'while kill -0 "$1" 2>/dev/null; do sleep 1; [ -f "$2/pids" ] || exit; done
        "$3/stop.sh" "$2"' guard "$DP_SERVER_OWNER" "$dir" "$here" </dev/null >/dev/null 2>&1 &
}
