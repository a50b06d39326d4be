# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What the integration tests share: where the tools are, a folder that goes away, counting. Sourced.
# DP_BUILD_DIR and top_srcdir come from `make check-integration`; by hand, run in the build folder.

set -u
export LC_ALL=C

build=${DP_BUILD_DIR:-$PWD}
top=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
servers=$top/tests/servers
# Who has no home folder gets one.
if [ ! -d "${HOME:-}" ]; then
    HOME=${TMPDIR:-/tmp}/dataplug-home.$(id -u)
    export HOME
    mkdir -p "$HOME"
fi
cache=${DP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dataplug}

passed=0
failed=0
work=
cleanups=()

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    printf 'not ok: %s\n' "$*"
}
# check NAME COMMAND...: passes when the command succeeds.
check() {
    local name=$1
    shift
    if "$@"; then pass; else fail "$name"; fi
}
# same NAME HAVE WANT
same() {
    if [ "$2" = "$3" ]; then pass; else fail "$1: have '$2', want '$3'"; fi
}
# soon COMMAND...: waits for it to succeed, a minute at most: what a server writes into its log comes
# a little after its answer, and a busy machine takes its time for everything.
soon() {
    local _
    for _ in $(seq 600); do
        ! "$@" || return 0
        sleep 0.1
    done
    return 1
}
# A suite that cannot run is a failure.
cannot() {
    printf 'cannot run: %s\n0 passed, 1 failed\n' "$*"
    exit 1
}

# at_end COMMAND...: run when the script ends, however it ends, last added first.
at_end() { cleanups=("$*" "${cleanups[@]}"); }
leave() {
    local status=$? command
    trap '' INT TERM HUP
    for command in "${cleanups[@]}"; do
        eval "$command"
    done
    [ -z "$work" ] || rm -rf "$work"
    return "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# serve NAME [ARGUMENT...]: starts that server in $work/NAME, to be stopped at the end, and takes over
# the variables that say where it is.
serve() {
    local name=$1
    shift
    at_end "'$servers/stop.sh' '$work/$name'"
    DP_SERVER_OWNER=$$ "$servers/start-$name.sh" "$work/$name" "$@" || cannot "$name did not start"
    # shellcheck disable=SC1090,SC1091
    . "$work/$name/env"
}

# The last line of a script.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

work=$(mktemp -d "${TMPDIR:-/tmp}/dataplug-test.XXXXXX") || cannot "no temporary folder"

# built PROGRAM...: found by its name from here on, as built: libtool's wrapper scripts cost more than
# a small fetch does.
bin=$work/bin
mkdir -p "$bin"
is_script() { [ "$(head -c 2 "$1" 2>/dev/null)" = '#!' ]; }
# program_of PATH: the program itself.
program_of() { if is_script "$1"; then echo "${1%/*}/.libs/${1##*/}"; else echo "$1"; fi; }
built() {
    local tool program
    for tool; do
        program=$(program_of "$build/$tool")
        if [ -x "$program" ]; then
            ln -sf "$program" "$bin/"
        else
            cannot "$tool is not built in $build"
        fi
    done
}
built dp-index dp-slice dp-zcat
export LD_LIBRARY_PATH=$build/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PATH=$bin:$PATH
# What is set on this machine for real work does not reach the tests; the servers here need no proxy.
unset DP_INDEX_DIR GZIP "${!AWS_@}"
export no_proxy=${no_proxy:+$no_proxy,}localhost,127.0.0.1,127.0.0.2 NO_PROXY=${NO_PROXY:+$NO_PROXY,}localhost,127.0.0.1,127.0.0.2

sum_of() { sha256sum | cut -d ' ' -f 1; }
# One field of a JSON object on stdin: json_field NAME
json_field() { /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
