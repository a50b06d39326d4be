# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What the scripts that start servers share. Each is called as
#
#     NAME.sh start FOLDER PORT [...]     everything it writes is in FOLDER; back when it answers
#     NAME.sh stop FOLDER                 ends what it started, by id
#
# and defines start() (given what follows FOLDER), then calls `serve "$@"`. `folder` is absolute.

set -u

# run NAME COMMAND...: starts it as the leader of a process group of its own; output to log/NAME.out.
run() {
    local name=$1
    shift
    setsid "$@" >"$folder/log/$name.out" 2>&1 </dev/null &
    echo $! >>"$folder/pids"
}

# within TENTHS COMMAND...: waits until the command succeeds; false when it takes longer.
within() {
    local left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

answers() { curl -s -o /dev/null --max-time 1 "$1"; }

all_ended() {
    local process
    while read -r process; do
        ! kill -0 -- "-$process" 2>/dev/null || return 1
    done <"$folder/pids"
}

signal_all() {
    local process
    tac "$folder/pids" | while read -r process; do
        kill "$1" -- "-$process" 2>/dev/null
    done
}

stop() {
    [ -f "$folder/pids" ] || return 0
    signal_all -TERM
    within 50 all_ended || signal_all -KILL
    rm -f "$folder/pids"
}

serve() {
    local action=$1
    mkdir -p "$2"
    folder=$(cd "$2" && pwd) || exit 1
    shift 2
    case $action in
    start)
        mkdir -p "$folder/log"
        : >"$folder/pids"
        start "$@" && exit 0
        tail -n 5 "$folder"/log/* >&2
        stop
        exit 1
        ;;
    stop) stop ;;
    *) exit 2 ;;
    esac
}
