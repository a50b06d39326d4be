#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The installed tree serves: tools run from it, and a worker is compiled and linked with nothing but
# pkg-config.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

root=$work/root
check "make install" make -s -C "$build" install DESTDIR="$root" >log 2>&1 || { tail -5 log; summary; exit; }
pc=$(find "$root" -name dataplug.pc)
lib=$(dirname "$(dirname "$pc")")
bin=$(dirname "$(find "$root" -name dp-slice -type f)")
export PATH="$bin:$PATH" LD_LIBRARY_PATH="$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"

same "one header" "$(cd "$root" && find . -name '*.h' -printf '%f\n')" dataplug.h
for tool in dp-index dp-mdr dp-slice dp-zcat; do
    ends 0 "$tool" "$tool" --version
    check "$tool: manual page" test -n "$(find "$root" -name $tool.1)"
done
# To link the shared library takes nothing but that: no header or package of what it uses itself.
check "no other package is asked for" \
    sh -c 'PKG_CONFIG_LIBDIR=$1 pkg-config --cflags --libs dataplug >/dev/null' - "${pc%/*}"
same "one version" "$(pkg-config --modversion dataplug)" "$(dp-zcat --version | sed 's/.* //')"

# A library with sanitizers wants them in the program too.
sanitizers=$(sed -n 's/^DP_CFLAGS = //p' "$build/Makefile" | grep -o -e '-fsanitize=[^ ]*')
# shellcheck disable=SC2046,SC2086
check "the worker compiles" ${CC:-cc} -Wall -Wextra -Werror $sanitizers \
    "$top/tools/examples/count_bases.c" -o worker $(pkg-config --cflags --libs dataplug)

fastq 3000 >a.fq
gzip a.fq
ends 0 "index" dp-index build -q -s 64K a.fq.gz
dp-slice plan -n4 a.fq.gz >m
ends 0 "the worker runs" ./worker <m
gzip -dc a.fq.gz | head -3000 | awk 'NR % 4 == 2' | fold -w1 | sort | uniq -c |
    awk '{ print $2 "\t" $1 }' >want
check "the worker counts" diff out want
for n in 1 2 3 4; do
    sed -n ${n}p m >line
    ./worker line
done | awk '{ n += $2 } END { print n }' >out
same "all slices" "$(cat out)" "$(gzip -dc a.fq.gz | awk 'NR % 4 == 2 { n += length } END { print n }')"
ends 1 "the worker and nonsense" bash -c 'echo "{}" | ./worker'
says "^count_bases: " "the worker and nonsense"
summary
