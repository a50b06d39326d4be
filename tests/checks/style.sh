#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The size of things: functions (median <= 20 lines, 90th percentile <= 55, none above 100; cyclomatic
# complexity never above 25), files (<= 800 lines), lines (<= 100 columns), and no left-over markers.
# `make check-style` runs it; it needs pmccabe.
#
# usage: style.sh [SOURCE_FOLDER]; prints the figures and what is too big, exit 1 when there is any.

set -u

cd "${1:-${srcdir:-.}}" || exit 1
command -v pmccabe >/dev/null || { echo "pmccabe is not installed"; exit 1; }
folders=()
for folder in base connectors index slicer mdr tools examples datasets; do
    [ -d "$folder" ] && folders+=("$folder")
done
mapfile -t sources < <(find "${folders[@]}" -name '*.c' | sort)
mapfile -t all < <(find "${folders[@]}" tests -name '*.[ch]' | sort)
bad=0

# $1: a title, then the offending lines on stdin.
complain() {
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    printf '%s:\n%s\n' "$1" "$lines"
    bad=1
}

# pmccabe's columns: modified and plain complexity, statements, first line, lines, file(line): name
measured=$(pmccabe "${sources[@]}")
complain "functions above 100 lines or complexity 25" < <(
    awk '$5 > 100 || $2 > 25 { print "  " $6 " " $7 ": " $5 " lines, complexity " $2 }' <<<"$measured")
complain "files above 800 lines" < <(wc -l "${sources[@]}" | awk '$2 != "total" && $1 > 800 { print "  " $2 ": " $1 }')
complain "lines above 100 columns" < <(grep -nE '^.{101,}$' "${all[@]}" | cut -c1-80 | head -n 20)
complain "left-over markers" < <(grep -nwE 'TO''DO|FIX''ME|X''XX|HA''CK' "${all[@]}" | head -n 20)

median=$(awk '{ print $5 }' <<<"$measured" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
p90=$(awk '{ print $5 }' <<<"$measured" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR * 9 + 9) / 10)] }')
complain "functions are too long on the whole" < <(
    [ "$median" -le 20 ] && [ "$p90" -le 55 ] || echo "  median $median lines, 90th percentile $p90")
echo "$(wc -l <<<"$measured") functions: median $median lines, 90th percentile $p90," \
    "longest $(awk '{ print $5 }' <<<"$measured" | sort -n | tail -n 1)"
exit "$bad"
