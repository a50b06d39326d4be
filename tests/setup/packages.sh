# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# What quickstart and quickcheck share: installing Debian packages politely, building out of tree,
# and ending cleanly. Sourced with `top` set to the top of the tree.

# To build and install.
BUILD_PACKAGES=(gcc libc6-dev make autoconf automake libtool pkg-config zlib1g-dev libdeflate-dev
    libcurl4-gnutls-dev nettle-dev libjansson-dev libexpat1-dev libxxhash-dev libhts-dev libisal-dev)

say() { printf '%s\n' "$*"; }
title() { printf '\n== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# ------------------------------------------------------------------------------ no services
#
# Debian starts a service when its package is installed. A policy-rc.d that answers 101 forbids it;
# one that is there already is set aside meanwhile. restore_policy puts everything back and must run
# however the script ends.

POLICY=/usr/sbin/policy-rc.d
POLICY_ASIDE=$POLICY.before-dataplug
POLICY_MARK='dataplug: no service starts while its package is installed'
policy_set=

forbid_services() {
    # What a killed run left behind is put right first.
    if [ -f "$POLICY" ] && grep -qF "$POLICY_MARK" "$POLICY"; then
        as_root rm -f "$POLICY"
    fi
    policy_set=1
    if [ -e "$POLICY" ] && [ ! -e "$POLICY_ASIDE" ]; then
        as_root mv "$POLICY" "$POLICY_ASIDE"
    fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

restore_policy() {
    [ -n "$policy_set" ] || return 0
    policy_set=
    as_root rm -f "$POLICY"
    if [ -e "$POLICY_ASIDE" ]; then
        as_root mv "$POLICY_ASIDE" "$POLICY"
    fi
}

# Services of the packages just installed ($@) do not start with the machine either.
disable_services() {
    local unit disabled=()
    command -v systemctl >/dev/null || return 0
    for unit in $(dpkg-query -L "$@" 2>/dev/null | grep -E '/systemd/system/[^@/]+\.service$' | sort -u); do
        unit=${unit##*/}
        if systemctl is-enabled --quiet "$unit" 2>/dev/null &&
            as_root systemctl disable --quiet "$unit" 2>/dev/null; then
            disabled+=("${unit%.service}")
        fi
    done
    [ "${#disabled[@]}" = 0 ] && return 0
    say "These services will not start by themselves (systemctl enable NAME changes that):"
    fold -s -w 92 <<<"${disabled[*]}" | sed 's/^/   /'
}

# -------------------------------------------------------------------------------- packages

APT=(apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 --no-install-recommends --no-remove)

# patiently COMMAND...: tries again a few times, for mirrors that are being changed or out of reach are
# well again after a while. What the command says stands in $apt_answer.
patiently() {
    local pause
    for pause in 5 15 45; do
        "$@" && return 0
        tail -n 3 "$apt_answer"
        say "That failed; once more in $pause seconds."
        sleep "$pause"
    done
    "$@"
}

# Prints those of $@ that are not installed.
missing_packages() {
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# Bytes to a figure for people.
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }

# Prints what apt would install for $@, one "name=version" a line; false when it cannot.
apt_plan() {
    LC_ALL=C "${APT[@]}" -s install "$@" 2>/dev/null >"$apt_answer" || return 1
    sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*/\1=\3/p' "$apt_answer"
}

# Says what will be installed for $@ and how big it is.
announce() {
    local plan=$1 download installed
    download=$(LC_ALL=C "${APT[@]}" --print-uris -qq -y install "${@:2}" 2>/dev/null |
        awk -v q="'" 'index($1, q) == 1 { sum += $3 } END { print sum + 0 }')
    # shellcheck disable=SC2086 # a list of names
    installed=$(LC_ALL=C apt-cache show --no-all-versions $plan 2>/dev/null |
        awk '$1 == "Installed-Size:" { sum += $2 * 1024 } END { print sum + 0 }')
    say "These $(wc -w <<<"$plan") packages will be installed: $(megabytes "$download") to download," \
        "$(megabytes "$installed") on disk."
    tr ' ' '\n' <<<"$plan" | sed 's/=.*//' | paste -sd ' ' | fold -s -w 92 | sed 's/^/   /'
}

# Fresh lists of packages. A list that could not be fetched is a failure, not a warning.
apt_update() {
    as_root env LC_ALL=C "${APT[@]}" -qq -o APT::Update::Error-Mode=any update >"$apt_answer" 2>&1
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C "${APT[@]}" -qq -y \
        -o Dpkg::Use-Pty=0 install "$@" >"$apt_answer" 2>&1
}

apt_install_afresh() {
    apt_update
    apt_install "$@"
}

# Installs those of $@ that are missing: says which and how big, then does it, starting no service.
install_packages() {
    local missing plan
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" = 0 ]; then
        say "All packages that are needed are installed."
        return 0
    fi
    command -v apt-get >/dev/null || die "apt-get is needed to install: ${missing[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "run this as root, or install sudo, to install: ${missing[*]}"
    apt_answer=$(mktemp)
    if ! plan=$(apt_plan "${missing[@]}"); then
        say "Fetching the lists of packages (apt-get update)."
        # What matters is whether they suffice: the list of a source that is not needed may be missing.
        patiently apt_update || tail -n 10 "$apt_answer" >&2
        plan=$(apt_plan "${missing[@]}") || {
            cat "$apt_answer" >&2
            die "apt-get cannot install: ${missing[*]}"
        }
    fi
    plan=$(tr '\n' ' ' <<<"$plan" | sed 's/ *$//')
    announce "$plan" "${missing[@]}"
    forbid_services
    apt_install "${missing[@]}" || patiently apt_install_afresh "${missing[@]}" || {
        tail -n 30 "$apt_answer" >&2
        die "installing packages failed"
    }
    restore_policy
    mapfile -t missing < <(tr ' ' '\n' <<<"$plan" | sed 's/=.*//')
    disable_services "${missing[@]}"
    rm -f "$apt_answer"
}

# ----------------------------------------------------------------------------------- build

cores() { nproc 2>/dev/null || echo 2; }

# build_tree FOLDER [CONFIGURE_ARGUMENT...]: configures (when new, or asked otherwise than last time)
# and builds; what is there is reused. CC is taken from the environment.
build_tree() {
    local folder=$1 asked
    shift
    asked="${CC:-} $*"
    if [ ! -x "$top/configure" ]; then
        (cd "$top" && autoreconf -fi) || return 1
    fi
    mkdir -p "$folder"
    if [ ! -e "$folder/config.status" ] || [ "$(cat "$folder/configured" 2>/dev/null)" != "$asked" ]; then
        (cd "$folder" && "$top/configure" "$@" ${CC:+CC="$CC"}) || return 1
        printf '%s\n' "$asked" >"$folder/configured"
    fi
    make -C "$folder" -j"$(cores)" || return 1
}

# ---------------------------------------------------------------------------------- ending

# Runs at every end: what was set for a while is put back, what was started is ended.
finish() {
    local status=$?
    trap '' INT TERM HUP
    # A suite puts its own things right when it is told to end: give it the time.
    if [ -n "${running:-}" ]; then
        kill -- "-$running" 2>/dev/null
        wait "$running" 2>/dev/null
    fi
    restore_policy
    [ -z "${apt_answer:-}" ] || rm -f "$apt_answer"
    return "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
