#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# README.md tells the truth: every command of its console blocks is run, in order, and must print
# exactly what stands below it. (The folder of the data is called /data there.)

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

file=$("$top/datasets/fetch.sh" velvet-tests | grep '/reads\.fq\.gz$') || cannot "no velvet-tests"
mkdir "$work/data"
cp "$file" "$work/data/reads.fq.gz"
for mate in 1 2; do
    cp "${file%/*}/read$mate.fq.gz" "$work/data/R$mate.fq.gz" || cannot "no mates in velvet-tests"
done
# The generator is named from the top of the tree.
built dp-mdr datasets/generate_cohort
mkdir "$work/data/datasets"
ln -s "$bin/generate_cohort" "$work/data/datasets/"
cd "$work/data" || exit 1

# try COMMAND WANTED
try() {
    local have
    [ -n "$1" ] || return 0
    have=$(bash -c "$1" 2>&1 | sed "s#$work/data#/data#g")
    same "\$ $1" "$have" "$2"
}

command=
wanted=
inside=
while IFS= read -r line; do
    case $inside$line in
    '```console') inside=yes ;;
    'yes```')
        try "$command" "$wanted"
        inside='' command='' wanted=''
        ;;
    'yes$ '*)
        try "$command" "$wanted"
        command=${line#'$ '} wanted=
        ;;
    yes*) wanted=$wanted${wanted:+$'\n'}$line ;;
    esac
done <"$top/README.md"
[ $((passed + failed)) -ge 10 ] || fail "only $((passed + failed)) commands found in README.md"

summary
