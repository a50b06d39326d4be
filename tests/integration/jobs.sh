# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The main job, wherever an object lies: index, plan, slice, fetch, and the proof that nothing was
# lost. Sourced after lib.sh by the scripts that know a place (a folder, a web server, S3).

# expect_of NAME LOCAL_FILE: what the object holds, from independent tools: sets $want_sum,
# $want_bytes.
expect_of() {
    case $1 in
    *gz) zcat "$2" >"$work/plain" ;;
    *) cp "$2" "$work/plain" ;;
    esac
    want_sum=$(sum_of <"$work/plain")
    want_bytes=$(stat -c %s "$work/plain")
}

# whole LABEL URI PLAN_ARGUMENT...: plans, fetches all slices, compares the whole.
whole() {
    local label=$1 uri=$2 have
    shift 2
    have=$(set -o pipefail; dp-slice plan "$@" "$uri" | dp-slice fetch -q - | sum_of) ||
        { fail "$label: plan $*: exit status"; return; }
    same "$label: plan $*" "$have" "$want_sum"
}

# index_and_count URI NAME FORMAT RECORDS BASES: builds the index and compares its counts.
index_and_count() {
    local uri=$1 name=$2 format=$3 records=$4 bases=$5 shown
    if ! dp-index build -q -f "$format" "$uri"; then
        fail "$name: dp-index build"
        return 1
    fi
    shown=$(dp-index show --json "$uri")
    same "$name: records" "$(json_field records <<<"$shown")" "$records"
    [ "$bases" = - ] || same "$name: bases" "$(json_field bases <<<"$shown")" "$bases"
    same "$name: bytes" "$(json_field uncompressed_bytes <<<"$shown")" "$want_bytes"
}

# Records of one FASTQ or text piece on stdin, by another tool.
records_in() {
    case $1 in
    fastq) seqkit stats -T 2>/dev/null | awk 'NR == 2 { print $4 }' ;;
    *) awk 'END { print NR }' ;;
    esac
}

# edge_of K SIZE STEP TOTAL: the records before slice K + 1, a multiple of STEP or all.
edge_of() {
    local edge=$((($1 * $2 + $3 - 1) / $3 * $3))
    echo $((edge < $4 ? edge : $4))
}

# per_slice URI NAME FORMAT RECORDS SIZE: slices of SIZE records as files; each must hold exactly its
# records, counted by another tool, and together they are the object. Of an interleaved object that
# is an even number of them: mates stay together.
per_slice() {
    local uri=$1 name=$2 format=$3 records=$4 size=$5 folder=$work/slices file number=0 have want step=1
    ! dp-index show --json "$uri" | grep -q '"interleaved":true' || step=2
    rm -rf "$folder"
    dp-slice plan --records "$size" "$uri" >"$work/manifest" || { fail "$name: plan --records $size"; return; }
    dp-slice fetch -q -@ 2 --output-dir "$folder" --name '{number}' "$work/manifest" ||
        { fail "$name: fetch --output-dir of --records $size"; return; }
    same "$name: --records $size: number of slices" "$(wc -l <"$work/manifest")" \
        $(((records + size - 1) / size))
    same "$name: --records $size, concatenated" "$(cat "$folder"/* | sum_of)" "$want_sum"
    for file in "$folder"/*; do
        number=$((number + 1))
        want=$(($(edge_of "$number" "$size" "$step" "$records") - $(edge_of $((number - 1)) "$size" "$step" "$records")))
        have=$(records_in "$format" <"$file")
        [ "$have" = "$want" ] ||
            fail "$name: --records $size: slice $number holds $have records, not $want"
    done
    pass
}

# job URI NAME FORMAT RECORDS BASES N...: all kinds of plans of one object. The index must be there.
job() {
    local uri=$1 name=$2 format=$3 records=$4 bases=$5 count size
    shift 5
    for count in "$@"; do
        whole "$name" "$uri" -n "$count"
    done
    [ "$records" -gt 5000 ] || whole "$name" "$uri" -n $((records + 7))
    for size in 1000003 333333 7777777; do
        whole "$name" "$uri" --bytes "$size"
    done
    if [ "$bases" != - ]; then
        for size in 1 99991 1000000; do
            [ "$size" = 1 ] && [ "$records" -gt 100 ] && continue
            whole "$name" "$uri" --bases "$size"
        done
    fi
    per_slice "$uri" "$name" "$format" "$records" $((records / 13 + 1))
    [ "$records" -gt 2500 ] || whole "$name" "$uri" --records 1
    dp-slice plan -n 7 "$uri" >"$work/manifest"
    check "$name: dp-slice check" dp-slice check -q "$work/manifest"
    check "$name: dp-slice check --deep" dp-slice check -q --deep "$work/manifest"
}

# make_wide FILE: reads in one gzip member, long enough for some seek points 8 MiB apart.
make_wide() {
    "$build/datasets/generate" fastq4 --seed 8 --bytes 44M | gzip -1 -n >"$1" || cannot "no reads for wide spacing"
}

# wide URI FILE: points so far apart that their windows do not say where their bytes stand; FILE is
# the object here.
wide() {
    local uri=$1 name=${2##*/} have
    expect_of "$name" "$2"
    dp-index build -q -s 8M "$uri" || { fail "$name: dp-index build -s 8M"; return; }
    same "$name: seek points" "$(dp-index show --json "$uri" | json_field seek_points)" 6
    check "$name: dp-index verify --deep" dp-index verify -q --deep "$uri"
    for have in 1 2 5; do
        whole "$name" "$uri" -n "$have"
        whole "$name" "$uri" --inline -n "$have"
        same "$name: dp-zcat -@$have" "$(dp-zcat -@"$have" "$uri" | sum_of)" "$want_sum"
    done
    whole "$name" "$uri" --bytes 7777777
    whole "$name" "$uri" --records 9999
    same "$name: dp-zcat --range" "$(dp-zcat --range 30000000+70000 "$uri" | sum_of)" \
        "$(tail -c +30000001 "$work/plain" | head -c 70000 | sum_of)"
    dp-slice plan -n 7 "$uri" >"$work/manifest"
    check "$name: dp-slice check --deep" dp-slice check -q --deep "$work/manifest"
    moved "$uri" "$name"
}

# moved URI NAME: one line alone, in another folder and without the environment's hints, still
# fetches; with --inline also when the index is gone (move_index does and undoes that).
moved() {
    local uri=$1 name=$2 line
    dp-slice plan -n 5 "$uri" >"$work/manifest"
    dp-slice fetch -q --only 4 "$work/manifest" >"$work/piece" || fail "$name: fetch --only 4"
    mkdir -p "$work/elsewhere"
    line=$(sed -n 4p "$work/manifest")
    (cd "$work/elsewhere" && unset DP_INDEX_DIR && dp-slice fetch -q --slice "$line" >piece) ||
        fail "$name: a line moved elsewhere"
    check "$name: a line moved elsewhere gives the same bytes" cmp -s "$work/piece" "$work/elsewhere/piece"
    dp-slice plan --inline -n 5 "$uri" >"$work/manifest.inline"
    move_index away "$name"
    line=$(sed -n 4p "$work/manifest.inline")
    (cd "$work/elsewhere" && unset DP_INDEX_DIR && dp-slice fetch -q --slice "$line" >piece) ||
        fail "$name: an inlined line without the index"
    check "$name: an inlined line without the index gives the same bytes" \
        cmp -s "$work/piece" "$work/elsewhere/piece"
    move_index back "$name"
}

# refused NAME: every slice of $work/manifest is refused, and leaves no file.
refused() {
    local name=$1 count number
    count=$(wc -l <"$work/manifest")
    [ "$count" -gt 0 ] || fail "$name: no slices to refuse"
    for number in $(seq "$count"); do
        rm -f "$work/refused"
        if dp-slice fetch -q --only "$number" -o "$work/refused" "$work/manifest" 2>"$work/words"; then
            fail "$name: slice $number was fetched"
        elif [ -e "$work/refused" ]; then
            fail "$name: slice $number left a file"
        elif ! grep -q '^dp-slice: ' "$work/words"; then
            fail "$name: slice $number: no message"
        else
            pass
        fi
    done
}
