#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Options: --help and the manual page name the same ones, each is understood, wrong usage is said.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/tools/lib.sh"

# Options in the left column of --help.
help_options() {
    "$1" --help | sed -n 's/^ \+\(-.*\)/\1/p' | sed 's/   .*//' | grep -oE '(^| )--?[A-Za-z0-9@][a-z-]*' |
        tr -d ' ' | sort -u
}
# Options that a manual page explains.
manual_options() {
    sed -n 's/^\.It \(Fl .*\)/\1/p' "$top/tools/$1.1" | grep -oE 'Fl -?[A-Za-z0-9@][a-z-]*' |
        sed 's/^Fl /-/' | sort -u
}
for tool in dp-index dp-slice dp-zcat; do
    help_options $tool >help
    manual_options $tool >manual
    check "$tool: --help and the manual page" diff help manual
    check "$tool: options are found" test "$(wc -l <help)" -ge 15
    ends 0 "$tool --help" $tool --help
    check "$tool: --help goes to standard output" test -s out -a ! -s err
    check "$tool: --help fits 100 columns" test "$(awk 'length > l { l = length } END { print l }' out)" -le 100
    ends 0 "$tool --version" $tool --version
    check "$tool: version" grep -qE "^$tool \(dataplug\) [0-9]+\.[0-9]+\.[0-9]+$" out
    usage=2
    [ $tool = dp-zcat ] && usage=1
    ends $usage "$tool: unknown option" $tool --no-such-option
    says "^$tool: .*--no-such-option" "$tool: unknown option"
    says "^Try '$tool --help'" "$tool: hint"
    ends $usage "$tool: option without its value" $tool --threads
    ends $usage "$tool: zero threads" $tool -@0
    says "'0' is not a number" "$tool: zero threads"
    ends 1 "$tool: --help on a full disk" bash -c "$tool --help >/dev/full"
done

# Every long option of the sources is documented (aliases of gzip's apart).
documented() {
    grep -oE -e '^--[a-z-]+' help | sed 's/^--//'
}
common="$top/tools/tool.c"
while read -r tool sources; do
    help_options "$tool" >help
    # shellcheck disable=SC2086
    (cd "$top/tools" && tr '\n' ' ' <"$common" | sed 's/{/\n{/g' && cat $sources) >all
    sed 's/{"/\n{"/g' all | sed -n 's/^{"\([a-z-]*\)", [^,]*, \(true\|false\)}.*/\1/p' | sort -u |
        grep -vxE 'to-stdout|uncompress|fast|best|silent|lzw' >known
    documented | sort -u >documented
    check "$tool: options of the sources and of --help" diff known documented
done <<'END'
dp-index index_build.c index_show.c
dp-slice slice_plan.c slice_fetch.c slice_check.c
dp-zcat dp-zcat.c
END

ends 2 "no command" dp-index
ends 2 "unknown command" dp-slice cut
says "unknown command 'cut'" "unknown command"
ends 2 "no object" dp-index build
ends 2 "stdin without -o" dp-index build -
ends 2 "-o with two objects" dp-index build -o x a b
ends 2 "two destinations" dp-index build -o x --index-dir d a
ends 2 "unknown backend" dp-index build --backend zlob a
says "zlob" "unknown backend"
ends 2 "a value too many" dp-index build --force=1 a
says "'--force=1' takes no value" "a value too many"
# A folder without a name would be the root.
ends 2 "empty folder of indexes" dp-index build --index-dir '' a
ends 2 "empty output" dp-index build -o '' a
ends 2 "empty output folder" dp-slice fetch --output-dir '' m
ends 2 "empty output folder" dp-slice fetch --output-dir= m
ends 2 "empty index" dp-slice plan -n2 --index '' a
ends 1 "empty suffix" dp-zcat -S '' a
ends 2 "bad spacing" dp-index build -s 0 a
ends 2 "bad spacing" dp-index build -s 1X a
for size in 8E 9007199254740992; do
    ends 2 "too large a spacing" dp-index build -s $size a
    says "--spacing: '$size' is too large" "too large a spacing"
    ends 2 "too large slices" dp-slice plan --bytes $size a
done
ends 2 "too many slices" dp-slice plan -n 2147483649 a
ends 2 "unknown format" dp-index build -f vfc a
says "there is no format called 'vfc'" "unknown format"
ends 2 "no cut" dp-slice plan a
ends 2 "two cuts" dp-slice plan -n2 --bases 5 a
ends 2 "zero slices" dp-slice plan -n0 a
ends 2 "bad unit" dp-slice plan -n2 --by lines a
ends 2 "--by without -n" dp-slice plan --records 2 --by bytes a
ends 2 "bad --only" dp-slice fetch --only 3- m
ends 2 "bad --only" dp-slice fetch --only 0 m
ends 2 "two outputs" dp-slice fetch -o x --exec cat m
ends 2 "--resume without a folder" dp-slice fetch --resume m
ends 2 "template without a number" dp-slice fetch --output-dir d --name x m
ends 2 "template with a path" dp-slice fetch --output-dir d --name 'a/{id}' m
ends 2 "template with something else" dp-slice fetch --output-dir d --name '{id}{x}' m
ends 2 "--slice and a manifest" dp-slice fetch --slice '{}' m
ends 2 "bad addressing style" dp-index show --addressing-style host a
ends 2 "bad --request-payer" dp-index show --request-payer=me a
for payer in --request-payer '--request-payer requester' --request-payer=requester; do
    # shellcheck disable=SC2086 # one or two words
    ends 1 "$payer" dp-index show $payer none
    says "none: No such file" "$payer takes no other operand"
done
ends 2 "presigned for too long" dp-slice plan -n2 --presign 604801 a
ends 2 "presigned for no time" dp-slice plan -n2 --presign 0 a
ends 1 "records and range" dp-zcat --records 1 --range 1 x
ends 1 "bad records" dp-zcat --records 2-1 x
ends 1 "bad range" dp-zcat --range x x

# A closed standard output must not become the next file that is opened.
printf '@a\nA\n+\nF\n' >a.fq
status=0
dp-zcat -f a.fq >&- 2>err || status=$?
same "standard output is closed" "$status" 1
same "the input is as it was" "$(cat a.fq)" "$(printf '@a\nA\n+\nF')"
summary
