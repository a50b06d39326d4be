#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# A file includes headers of its own layer or of lower ones only:
#
#     base < connectors < index/codec, index/format < index < slicer < mdr < tools
#
# Beyond that: index/codec and index/format do not know each other, tools/ and mdr/ reach the
# library through dataplug.h only (base/ is linked into each program, mdr/ into dp-mdr), and examples
# see nothing but dataplug.h. Tests may look inside everything.
#
# usage: layers.sh [SOURCE_FOLDER]; prints one line per breach, exit 1 when there is one.

set -u

top=${1:-${srcdir:-.}}

# Folder of a source or header, one of the layers' names ("" for the top level).
layer_of() {
    case $1 in
    index/codec/* | index/format/*) echo "${1%/*}" ;;
    */*) echo "${1%%/*}" ;;
    *) echo "" ;;
    esac
}

rank_of() {
    case $1 in
    "") echo 0 ;; # dataplug.h, config.h
    base) echo 1 ;;
    connectors) echo 2 ;;
    index/codec | index/format) echo 3 ;;
    index) echo 4 ;;
    slicer) echo 5 ;;
    mdr) echo 6 ;;
    tools) echo 7 ;;
    *) echo 99 ;;
    esac
}

# May a file of layer $1 include a header of layer $2?
allowed() {
    [ "$1" = "$2" ] && return 0
    case $1 in
    mdr) [ "$2" = "" ] || [ "$2" = base ] ;;
    tools) [ "$2" = "" ] || [ "$2" = base ] || [ "$2" = mdr ] ;;
    examples) [ "$2" = "" ] ;;
    *) [ "$(rank_of "$2")" -lt "$(rank_of "$1")" ] ;;
    esac
}

# Prints "FILE HEADER" for every #include "HEADER" of the layered folders.
includes() {
    (cd "$1" && find base connectors index slicer mdr tools examples -name '*.[ch]' \
        -exec grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+"' {} + 2>/dev/null) |
        sed -E 's/^([^:]+):[^"]*"([^"]+)"$/\1 \2/'
}

# Prints the breaches of the tree $1; false when there is one.
check_tree() {
    local file header breaches=0
    while read -r file header; do
        if ! allowed "$(layer_of "$file")" "$(layer_of "$header")"; then
            echo "$file must not include \"$header\""
            breaches=$((breaches + 1))
        elif [ ! -e "$1/$header" ] && [ "$header" != config.h ]; then
            echo "$file: \"$header\" is not named from the top of the tree"
            breaches=$((breaches + 1))
        fi
    done < <(includes "$1")
    [ "$breaches" = 0 ]
}

# A check that never fails checks nothing: a small tree with known breaches must be refused, each of
# its files on its own.
self_test() {
    local tree line file header bad=0
    tree=$(mktemp -d) || return 1
    mkdir -p "$tree"/{base,connectors,index/codec,index/format,slicer,tools,examples}
    touch "$tree"/{base/a.h,connectors/a.h,index/a.h,index/codec/a.h,index/format/a.h,slicer/a.h}
    while read -r file header; do
        printf '#include "%s"\n' "$header" >"$tree/$file"
        if check_tree "$tree" >/dev/null; then
            echo "self-test: $file with \"$header\" was let through"
            bad=1
        fi
        rm "$tree/$file"
    done <<'END'
base/b.c connectors/a.h
connectors/b.c index/a.h
index/codec/b.c index/format/a.h
index/format/b.c index/codec/a.h
index/codec/b.h index/a.h
index/b.c slicer/a.h
slicer/b.c tools/a.h
tools/b.c index/a.h
tools/b.c connectors/a.h
examples/b.c base/a.h
slicer/b.c a.h
END
    for line in 'slicer/b.c index/format/a.h' 'tools/b.c base/a.h' 'index/b.c connectors/a.h'; do
        read -r file header <<<"$line"
        printf '#include "%s"\n' "$header" >"$tree/$file"
        check_tree "$tree" || { echo "self-test: $line was refused"; bad=1; }
        rm "$tree/$file"
    done
    rm -rf "$tree"
    return "$bad"
}

self_test || exit 1
[ -n "$(includes "$top" | head -n 1)" ] || { echo "no includes found in $top"; exit 1; }
check_tree "$top" || exit 1
echo "layers hold: $(includes "$top" | wc -l) includes"
