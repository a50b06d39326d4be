#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The main job over http: objects on nginx, indexes in a folder (DP_INDEX_DIR).

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/jobs.sh"

objects=$work/www
mkdir -p "$objects"
chmod 755 "$work" "$objects"
/usr/bin/python3 "$top/tests/integration/objects.py" "$objects" >"$work/list" || cannot "objects.py failed"
serve nginx "$objects"
site=$NGINX_URL
export DP_INDEX_DIR=$work/indexes

# The lines refer to the index in DP_INDEX_DIR by its path.
move_index() {
    case $1 in
    away) mv "$DP_INDEX_DIR" "$work/indexes.away" ;;
    back) mv "$work/indexes.away" "$DP_INDEX_DIR" ;;
    esac
}

while read -r name format records bases; do
    case $name in
    reads.fastq.gz | reads.fastq.members.gz | reads.fastq.bgz) counts=$(seq 1 3 64) ;;
    reads.fastq | long.fastq.gz | wrapped.fastq.bgz | lines.txt.gz | one.fastq.gz) counts="1 2 7 64" ;;
    *) continue ;;
    esac
    expect_of "$name" "$objects/$name"
    index_and_count "$site/$name" "$name" "$format" "$records" "$bases" || continue
    # shellcheck disable=SC2086 # a list of numbers
    job "$site/$name" "$name" "$format" "$records" "$bases" $counts
done <"$work/list"
for name in reads.fastq reads.fastq.gz reads.fastq.bgz; do
    moved "$site/$name" "$name"
done

make_wide "$objects/wide.fastq.gz"
wide "$site/wide.fastq.gz" "$objects/wide.fastq.gz"

# --- an index built locally serves the object on the web server, and the other way round
name=reads.fastq.members.gz
expect_of "$name" "$objects/$name"
(unset DP_INDEX_DIR; dp-index build -q -o "$work/local.dpi" "$objects/$name") || fail "a local build"
whole "a local index for a web object" "$site/$name" -n 9 --index "$work/local.dpi"
remote=$(find "$DP_INDEX_DIR" -name "$name.dpi")
check "index bytes do not depend on the place" cmp -s "$work/local.dpi" "$remote"
whole "a web object's index for a local one" "$objects/$name" -n 9 --index "$remote"

# --- a server without byte ranges: zcat does its work all the same, with an index or without
DP_INDEX_DIR=$work/none dp-zcat -@2 "$site/nr/$name" | cmp -s - <(zcat "$objects/$name")
same "no ranges, no index" "${PIPESTATUS[*]}" "0 0"
dp-zcat -@2 --index "$work/local.dpi" "$site/nr/$name" | cmp -s - <(zcat "$objects/$name")
same "no ranges, with an index" "${PIPESTATUS[*]}" "0 0"
same "no ranges, a part" "$(dp-zcat --index "$work/local.dpi" --range 1000+20 "$site/nr/$name")" \
    "$(zcat "$objects/$name" | tail -c +1001 | head -c 20)"

# --- overwritten after planning: other bytes, another ETag
dp-slice plan -n 6 "$site/$name" >"$work/manifest"
sleep 1.1 # nginx's ETag is made of size and seconds
/usr/bin/python3 - "$objects/$name" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    data = file.read()
    file.seek(0)
    file.write(data[:-1] + bytes([data[-1] ^ 1]))
END
refused "overwritten on the web server"

# --- the signature of a manifest's URL is in no message
echo '{"v":2}' >"$objects/broken.manifest"
for command in fetch check; do
    dp-slice "$command" "$site/broken.manifest?X-Amz-Signature=0123secret" >"$work/piece" 2>"$work/words"
    same "$command a broken manifest: exit status" "$?" 3
    same "$command a broken manifest: no secret" "$(grep -c 0123secret "$work/words")" 0
done

# --- a server that is gone is an error, not an end
"$servers/stop.sh" "$work/nginx"
AWS_MAX_ATTEMPTS=1 dp-slice fetch -q --only 1 "$work/manifest" >"$work/piece" 2>"$work/words"
same "a server that is gone: exit status" "$?" 1

summary
