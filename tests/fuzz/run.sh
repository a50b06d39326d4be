#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Runs fuzz targets one after the other, each for some seconds, beginning from good examples made
# here. A crash, a leak, a hang or a broken promise ends with its input named. A target goes on for up
# to twelve times as long until it has tried RUNS_MIN inputs; fewer prove nothing and are a failure.
#
# usage: run.sh SECONDS TARGET...   (in the build folder; `make check-fuzz` does it)

set -u

top=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
seconds=$1
shift
runs_min=${RUNS_MIN:-10000}
findings=$PWD/fuzz-findings
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$findings"
passed=0
failed=0

"$top/tests/fuzz/corpus.sh" "$work" || { echo "no examples: tests/fuzz/corpus.sh failed"; exit 1; }

for target; do
    name=${target##*/}
    mkdir -p "$work/$name" "$work/$name.new"
    echo "== $name, $seconds s, $(find "$work/$name" -type f | wc -l) examples"
    runs=0
    for ((round = 1; round <= 12; round++)); do
        "./$target" -max_total_time="$seconds" -timeout=100 -rss_limit_mb=4096 -max_len=16384 \
            -print_final_stats=1 -artifact_prefix="$findings/$name-" -seed="$round" \
            "$work/$name.new" "$work/$name" >"$work/$name.log" 2>&1
        status=$?
        runs=$((runs + $(awk '/number_of_executed_units/ { n = $2 } END { print n + 0 }' "$work/$name.log")))
        if [ "$status" != 0 ] || [ "$runs" -ge "$runs_min" ]; then
            break
        fi
    done
    if [ "$status" != 0 ]; then
        tail -n 40 "$work/$name.log"
        echo "FAILED: $name: exit $status; its input is in $findings"
        failed=$((failed + 1))
    elif [ "$runs" -lt "$runs_min" ]; then
        echo "FAILED: $name: only $runs inputs tried"
        failed=$((failed + 1))
    else
        echo "   $runs inputs tried"
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
