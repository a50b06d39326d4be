# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What the tests of the tools share: the tools, a folder that goes away, data, counting. Sourced.
# DP_BUILD_DIR and top_srcdir come from `make check`; by hand, run in the build folder.

set -u
export LC_ALL=C
# What is set on this machine for real work does not reach the tests; of GZIP gzip itself warns.
unset DP_INDEX_DIR GZIP "${!AWS_@}"

build=${DP_BUILD_DIR:-$PWD}
top=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
export PATH="$build:$PATH"

passed=0
failed=0
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

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
# ends STATUS NAME COMMAND...: runs it with its output in the files out and err.
ends() {
    local want=$1 name=$2 status=0
    shift 2
    "$@" >out 2>err || status=$?
    if [ "$status" = "$want" ]; then
        pass
    else
        fail "$name: exit status $status, want $want: $(head -c 300 err)"
    fi
}
# says PATTERN NAME: the last command printed it on standard error.
says() {
    if grep -q -e "$1" err; then pass; else fail "$2: '$1' is not in: $(head -c 300 err)"; fi
}
# no NAME FILE...: none of these exists.
no() {
    local name=$1 file
    shift
    for file; do
        if [ -e "$file" ]; then
            fail "$name: $file is there"
            return
        fi
    done
    pass
}
# wait_for COMMAND...: until it succeeds, at most a minute.
wait_for() {
    local i
    for ((i = 0; i < 1200; i++)); do
        "$@" 2>/dev/null && return
        sleep 0.05
    done
    return 1
}

# fastq RECORDS [SEED]: reads of 50 to 150 bases.
fastq() {
    awk -v n="$1" -v seed="${2:-1}" 'BEGIN {
        srand(seed)
        for (i = 0; i < 100000; i++) { # further back than gzip looks
            b = b substr("ACGT", int(rand() * 4) + 1, 1)
            q = q substr("#,:F@", int(rand() * 5) + 1, 1)
        }
        for (i = 1; i <= n; i++) {
            l = 50 + int(rand() * 101)
            p = 1 + int(rand() * 99000)
            printf "@read.%d x\n%s\n+\n%s\n", i, substr(b, p, l), substr(q, p + i % 500, l)
        }
    }'
}

# The last line of a script.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
