#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Proves that ./quickstart and ./quickcheck work on a machine that has nothing: a fresh Debian 12 made
# by debootstrap in a folder, with this machine's apt sources. Needs root and debootstrap; takes as
# long as the two do, plus some minutes. What is left running or behind afterwards is a failure.
#
# usage: debootstrap.sh FOLDER [COMMAND...]    default commands: ./quickstart ./quickcheck
# FOLDER is kept, and reused when it has a Debian already; only the tree in it is replaced.

set -u

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
die() {
    printf 'debootstrap.sh: %s\n' "$*" >&2
    exit 1
}

[ $# -ge 1 ] || die "which folder?"
[ "$(id -u)" = 0 ] || die "needs root"
command -v debootstrap >/dev/null || die "needs debootstrap"
mkdir -p "$1"
fresh=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- ./quickstart ./quickcheck

# The archives that this machine uses for Debian 12, one "URI SUITE" a line.
archives() {
    # shellcheck disable=SC2016 # apt's own names
    apt-get indextargets --format '$(SITE) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
        awk '$2 ~ /^bookworm/ && $3 ~ /debian/ { print $3, $2 }' | sort -u
}

if [ ! -e "$fresh/etc/debian_version" ]; then
    mirror=$(archives | awk '$2 == "bookworm" { print $1; exit }')
    [ -n "$mirror" ] || die "no archive of Debian 12 among this machine's sources"
    debootstrap --variant=minbase bookworm "$fresh" "$mirror" >"$fresh.log" 2>&1 ||
        die "debootstrap failed; see $fresh.log"
    archives | awk '{ print "deb", $1, $2, "main" }' >"$fresh/etc/apt/sources.list"
    apt-config dump Acquire | grep -i proxy >"$fresh/etc/apt/apt.conf.d/90proxy"
    [ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$fresh/etc/resolv.conf"
    cp /etc/hosts "$fresh/etc/hosts"
fi

rm -rf "$fresh/root/dataplug"
mkdir -p "$fresh/root/dataplug"
(cd "$top" && git ls-files -z | tar --null -T - -cf -) | tar -xf - -C "$fresh/root/dataplug"

# Its own process ids and mounts: whatever is left at the end is seen, and dies with it.
# shellcheck disable=SC2016 # expanded inside
inside='
mount -t proc proc /proc
mount -t sysfs sysfs /sys 2>/dev/null
mount -t tmpfs tmpfs /dev/shm 2>/dev/null || { mkdir -p /dev/shm; mount -t tmpfs tmpfs /dev/shm; }
cd /root/dataplug
failed=0
for command; do
    echo "=== $command"
    $command || { echo "=== $command: exit $?"; failed=1; }
    left=
    for entry in /proc/[0-9]*; do
        words=
        [ "$entry" = /proc/1 ] || IFS= read -r -d "" words <"$entry/cmdline"
        [ -z "$words" ] || left="$left $words"
    done 2>/dev/null
    [ -z "$left" ] || { echo "left running:$left"; failed=1; }
    [ ! -e /usr/sbin/policy-rc.d ] || { echo "left behind: /usr/sbin/policy-rc.d"; failed=1; }
done
exit $failed'
unshare --mount --pid --fork --kill-child chroot "$fresh" /usr/bin/env -i HOME=/root TERM=dumb \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$inside" fresh "$@"
