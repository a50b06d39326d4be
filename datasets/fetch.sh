#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# usage: fetch.sh PACKAGE...
#
# Fetches the sample data that Debian packages carry (velvet-tests, seqkit-examples, ...) into a
# cache folder and prints the paths of the files, one per line. Nothing is installed and root is not
# needed: a package is downloaded and unpacked. What is there already is not fetched again; a folder
# PACKAGE in the cache is always whole.
#
# The cache is $DP_CACHE, else $XDG_CACHE_HOME/dataplug, else ~/.cache/dataplug.

set -euo pipefail

cache=${DP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dataplug}
work=

fail() {
    echo "fetch.sh: $1" >&2
    exit 1
}

clean() {
    [ -z "$work" ] || rm -rf "$work"
}
trap clean EXIT

# Downloads package $1 to $work. Mirrors that are being changed or out of reach are well again after a
# while; lists of packages that are old or missing are refreshed by root only.
download() {
    local package=$1 pause
    for pause in 5 15 45 ''; do
        # apt fetches as its own user where it may; here it may not, and says so.
        ! (cd "$work" && apt-get -qq -o Acquire::Retries=3 -o APT::Sandbox::User=root download "$package" \
            >/dev/null) || return 0
        [ -n "$pause" ] || return 1
        [ "$(id -u)" = 0 ] || apt-cache show "$package" >/dev/null 2>&1 || return 1
        sleep "$pause"
        [ "$(id -u)" != 0 ] || apt-get -qq -o Acquire::Retries=3 update >/dev/null || true
    done
}

# Downloads package $1 and unpacks it as $cache/$1.
fetch() {
    local package=$1
    work=$(mktemp -d "$cache/.$package.XXXXXX")
    download "$package" ||
        fail "cannot download $package; 'apt-get update' refreshes the lists of packages"
    dpkg-deb -x "$work"/"$package"_*.deb "$work/data" || fail "cannot unpack $package"
    # Somebody else may have been faster: theirs is as good.
    mv -T "$work/data" "$cache/$package" 2>/dev/null || [ -d "$cache/$package" ] ||
        fail "cannot write $cache/$package"
    clean
    work=
}

# The data files of package $1: all but papers and programs.
list() {
    find "$cache/$1" -type f ! -name 'copyright' ! -name 'changelog*' ! -name 'README*' \
        ! -name '*.sh' ! -name '*.p[lmy]' ! -name '*.p[lm].gz' ! -name '*.t' \
        ! -name 'run-unit-test' ! -path '*/lintian/*' | LC_ALL=C sort
}

[ $# -gt 0 ] || fail "usage: fetch.sh PACKAGE..."
mkdir -p "$cache"
for name; do
    [[ $name =~ ^[a-z0-9][a-z0-9.+-]+$ ]] || fail "'$name' is no package name"
    [ -d "$cache/$name" ] || fetch "$name"
    list "$name"
done
