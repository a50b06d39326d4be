#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Names that are hard to write: listed, indexed, planned, fetched, and listed again, in a folder, on a
# web server and on S3. And buckets of more names than a page holds.
#
# usage: odd-keys.sh [rgw|swift]   the service to start; Ceph RGW unless told otherwise

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

s3() { /usr/bin/python3 "$top/tests/integration/s3.py" "$@"; }
service=${1:-rgw}
places=$build/tests/integration/places
[ -x "$places" ] || cannot "$places is not built"
serve nginx "$work/www"
serve "$service" odd many
export AWS_EC2_METADATA_DISABLED=true HOME=$work
chmod 755 "$work"
unset DP_INDEX_DIR

# Names that files and keys can have alike.
names=('two words' 'a+b=c&d' '100%' '%41' '%zz' $'\xc3\xa9\xe2\x82\xac' 'what?x=y' 'sharp#1' 'semi;colon:x'
    "quote'\"\`" '*.gz' '[ab]?' 'a..b' '..hidden' 'back\slash' '~tilde' '<&>' 'at@home' '$HOME'
    $'tab\tand\nline' '-n' 'deep/er/two words' 'deep/[x]/y*')
# And those that only keys can have.
keys=('dir//double' 'a/./b' 'a/../b' '../up' '/lead' 'tail/' 'a/..' '//')

# A few records that say whose they are, in bytes that differ for each name.
content() {
    awk -v name="$(printf %s "$1" | od -An -tx1 | tr -d ' \n')" 'BEGIN {
        for (i = 1; i <= 300; i++) print "@" name "." i "\nACGTACGTACGTACGT\n+\nIIIIIIIIIIIIIIII" }'
}
encode() {
    /usr/bin/python3 -c 'import os, sys, urllib.parse
print(urllib.parse.quote(os.fsencode(sys.argv[1]), safe="/-._~"), end="")' "$1"
}

# whole_job LABEL URI NAME: index, plan, slices; the bytes must be those of NAME.
whole_job() {
    local label=$1 uri=$2 want have
    want=$(content "$3" | sum_of)
    dp-index build -q "$uri" || { fail "$label: $uri: build"; return; }
    have=$(set -o pipefail; dp-slice plan -n 2 "$uri" | dp-slice fetch -q - | sum_of) ||
        { fail "$label: $uri: fetch"; return; }
    same "$label: $uri" "$have" "$want"
    same "$label: $uri: the whole" "$(dp-zcat "$uri" | sum_of)" "$want"
}

# jobs LABEL LISTED_URI BASE NAME...: exactly these names are listed below, each does its job under the
# name that the list gives it; then the indexes are listed, too.
jobs() {
    local label=$1 listed=$2 base=$3 name uri number=0 page
    shift 3
    "$places" list "$listed" >"$work/listing" || { fail "$label: list"; return; }
    for name in "$@"; do
        printf '%s%s\n' "$base" "$(encode "$name")"
    done | LC_ALL=C sort >"$work/want"
    cut -d ' ' -f 1 "$work/listing" | LC_ALL=C sort >"$work/have"
    check "$label: the names that are listed: $(diff "$work/want" "$work/have")" cmp -s "$work/want" "$work/have"
    for page in 1 7; do
        "$places" names "$listed" $page | cmp -s - "$work/listing"
        same "$label: pages of $page" "${PIPESTATUS[*]}" "0 0"
    done
    for name in "$@"; do
        uri=$(grep -xF "$base$(encode "$name")" "$work/have") || continue
        whole_job "$label" "$uri" "$name"
        number=$((number + 1))
    done
    same "$label: names tried" "$number" $#
    "$places" names "$listed" | awk '$1 ~ /[.]dpi$/' | wc -l >"$work/count"
    same "$label: indexes" "$(cat "$work/count")" $#
}

# ------------------------------------------------------------------------------------ folders
mkdir "$work/folder"
for name in "${names[@]}"; do
    mkdir -p "$(dirname "$work/folder/$name")" "$(dirname "$work/www/$name")"
    content "$name" | gzip -n >"$work/folder/$name"
    cp "$work/folder/$name" "$work/www/$name"
done
# As paths, which are not encoded, and as URIs.
cd "$work/folder" || exit 1
for name in "${names[@]}"; do
    case $name in -*) name=./$name ;; esac
    whole_job path "$name" "${name#./}"
done
find . -name '*.dpi' -delete
cd "$work" || exit 1
jobs file "$work/folder" "file://$work/folder/" "${names[@]}"

# ---------------------------------------------------------------------------------- web servers
export DP_INDEX_DIR=$work/indexes
for name in "${names[@]}"; do
    whole_job http "$NGINX_URL/$(encode "$name")" "$name"
done
same "http: indexes" "$(find "$work/indexes" -type f | tr '\n' ' ' | grep -o '[.]dpi ' | wc -l)" "${#names[@]}"
unset DP_INDEX_DIR

# ------------------------------------------------------------------------------------------ S3
# Some by another client, which can write most of them, and all that it cannot by our own sink.
for name in "${names[@]}" "${keys[@]}"; do
    content "$name" | gzip -n >"$work/object"
    case $name in
    */./* | */../* | ../* | */..) "$places" put "s3://odd/$(encode "$name")" <"$work/object" ;;
    *) s3 put "$work/object" odd "$name" ;;
    esac || fail "$service: put '$name'"
done
jobs "$service" s3://odd/ s3://odd/ "${names[@]}" "${keys[@]}"
same "$service: a pattern" "$("$places" names 's3://odd/deep/**/y%2A')" \
    "$("$places" names s3://odd/deep/ | grep -F 'y%2A ')"
same "$service: a prefix that nothing has" "$("$places" names s3://odd/nowhere/)" ""

# -------------------------------------------------------------------------- more than a page holds
s3 fill many x/ 1034 || fail "$service: fill"
s3 fill many x/y/ 3 || fail "$service: fill"
s3 list many | awk '{ print "s3://many/" $2, $1 }' >"$work/want"
for page in 0 999 100; do
    "$places" names s3://many/ $page | cut -d ' ' -f 1,2 >"$work/have"
    same "$service: pages of $page: names" "$(wc -l <"$work/have")" 1037
    check "$service: pages of $page: as another client lists them" cmp -s "$work/want" "$work/have"
done
same "$service: a pattern over pages" "$("$places" names 's3://many/x/*7' 100 | wc -l)" 103
same "$service: a pattern below" "$("$places" names 's3://many/x/**3' | wc -l)" 105
same "$service: each opens" "$("$places" list 's3://many/x/010*' | wc -l)" 35

summary
