#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Compiles every C source of the tree for arm64, where char is unsigned and there is no AVX, without
# a warning. The headers of libc are those of the cross compiler; those of the libraries, which are
# the same everywhere, are this machine's. Nothing is linked or run.
#
# usage: arm64.sh, with top_srcdir and DP_BUILD_DIR (for config.h) in the environment.

set -u
export LC_ALL=C

cc=aarch64-linux-gnu-gcc
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${DP_BUILD_DIR:-$PWD}

cannot() {
    printf 'cannot run: %s\n0 passed, 1 failed\n' "$*"
    exit 1
}
command -v "$cc" >/dev/null || cannot "$cc is not installed"
[ -e "$build/config.h" ] || cannot "there is no config.h in $build"
work=$(mktemp -d) || cannot "no temporary folder"
trap 'rm -rf "$work"' EXIT

# libFuzzer's targets are for clang alone.
cd "$top" && find base connectors index slicer mdr tools datasets tests -name '*.c' ! -path 'tests/fuzz/*' |
    sort >"$work/sources"
[ -s "$work/sources" ] || cannot "no sources in $top"

# Prints "ok" or the name of the source with the compiler's words.
compile() {
    local words
    if words=$("$cc" -std=c11 -O2 -fopenmp -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Werror -I"$build" -I"$top" -idirafter /usr/include -idirafter "$native" $mpi \
        -c -o /dev/null "$1" 2>&1); then
        echo "ok"
    else
        printf 'FAILED: %s\n%s\n' "$1" "$words"
    fi
}
native=/usr/include/$(gcc -print-multiarch)
mpi=$(pkg-config --cflags-only-I ompi-c 2>/dev/null || pkg-config --cflags-only-I mpich) ||
    cannot "neither libopenmpi-dev nor libmpich-dev is installed"
mpi=${mpi//-I/-idirafter }
export cc build top native mpi
export -f compile
xargs -P "$(nproc)" -I {} bash -c 'compile {}' <"$work/sources" >"$work/verdicts"
grep -v '^ok$' "$work/verdicts"
good=$(grep -c '^ok$' "$work/verdicts")
bad=$(($(wc -l <"$work/sources") - good))
echo "$good passed, $bad failed"
[ "$bad" = 0 ]
