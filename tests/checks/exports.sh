#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The functions that dataplug.h declares, those that dataplug.map lists and those that the shared
# library exports are the same; every external name inside the library begins with dp_, so that a
# static link clashes with nobody; and the programs, which have all of it linked in, call nothing of
# it that is not exported, but for base/.
#
# usage: exports.sh, in the build folder, with srcdir, CC and NM in the environment.

set -u
export LC_ALL=C

top=${srcdir:-.}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

# $1 and $2: sorted lists that must be equal, $3 and $4: what to call them.
compare() {
    local missing
    missing=$(comm -23 "$1" "$2" | tr '\n' ' ')
    [ -z "$missing" ] || { echo "in $3 but not in $4: $missing"; bad=1; }
    missing=$(comm -13 "$1" "$2" | tr '\n' ' ')
    [ -z "$missing" ] || { echo "in $4 but not in $3: $missing"; bad=1; }
}

# The preprocessor takes the comments away, which name functions too.
${CC:-cc} -E -P "$top/dataplug.h" | grep -oE '\bdp_[a-z0-9_]+ *\(' | tr -d ' (' |
    sort -u >"$work/header"
sed -n '/global:/,/local:/p' "$top/dataplug.map" | grep -oE 'dp_[a-z0-9_]+' | sort >"$work/map"
# Type A is the version node itself.
${NM:-nm} -D --defined-only .libs/libdataplug.so | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
    sort >"$work/library"
${NM:-nm} -g --defined-only .libs/libcore.a 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep -vE '^(dp_|__asan_|__odr_asan|__sancov_|__ubsan_)' | sort -u >"$work/foreign"

# $@: objects or archives: the names of ours that they define, or with -u those that they lack.
names() { ${NM:-nm} "$@" 2>/dev/null | grep -oE '\bdp_[a-z0-9_]+$' | sort -u; }
objects=(tools/*.o mdr/*.o .libs/libmdr.a)
names -g --defined-only .libs/libbase.a "${objects[@]}" | sort -u - "$work/map" >"$work/allowed"
names -u "${objects[@]}" | comm -23 - "$work/allowed" >"$work/inner"

[ -s "$work/header" ] || { echo "no functions found in dataplug.h"; bad=1; }
compare "$work/header" "$work/map" dataplug.h dataplug.map
compare "$work/map" "$work/library" dataplug.map libdataplug.so
if [ -s "$work/foreign" ]; then
    echo "external names without dp_: $(tr '\n' ' ' <"$work/foreign")"
    bad=1
fi
[ "$(names -u "${objects[@]}" | wc -l)" -gt 100 ] || { echo "no objects of tools found"; bad=1; }
if [ -s "$work/inner" ]; then
    echo "tools call what is not public: $(tr '\n' ' ' <"$work/inner")"
    bad=1
fi
[ "$bad" = 0 ] && echo "exports agree: $(wc -l <"$work/header") functions"
exit "$bad"
