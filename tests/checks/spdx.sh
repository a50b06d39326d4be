#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Every source begins with the two SPDX lines (after #! where there is one).
#
# usage: spdx.sh [SOURCE_FOLDER]; prints the files without them, exit 1 when there is one.

set -u

top=${1:-${srcdir:-.}}

# Files in the tree $1 that lack them.
missing() {
    (cd "$1" && find . \( -name 'build*' -o -name .git -o -name .cache -o -name autom4te.cache \
        -o -name '_build' -o -name '_inst' \) -prune -o -type f \
        \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name quickstart -o -name quickcheck \) \
        -print | while read -r file; do
        head -n 4 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' &&
            head -n 4 "$file" | grep -q 'SPDX-FileCopyrightText: The dataplug authors' ||
            echo "$file"
    done) | grep -vE '^\./(autotools/[^/]*|config\.h|ltmain\.sh)$'
}

tree=$(mktemp -d) || exit 1
echo 'int a;' >"$tree/a.c"
[ "$(missing "$tree")" = ./a.c ] || { echo "self-test: a file without the lines was let through"; exit 1; }
rm -rf "$tree"

found=$(missing "$top")
[ -z "$found" ] && exit 0
printf 'without the SPDX lines:\n%s\n' "$found"
exit 1
