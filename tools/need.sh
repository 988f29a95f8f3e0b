#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that are missing, and only those.
#
#   tools/need.sh PACKAGE=PROBE...      PROBE: cmd:NAME   a command on the path
#                                              pc:NAME    a pkg-config module
#                                              file:PATH  a file (a pattern may be given)
#                                              deb        the package itself
#
# As root it calls apt-get (update only when something is missing); otherwise it prints the command to run and fails.
set -eu

is_there() {
    case $2 in
    cmd:*) command -v "${2#cmd:}" >/dev/null 2>&1 || [ -x "/usr/sbin/${2#cmd:}" ] ;;
    pc:*) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${2#pc:}" ;;
    file:*) ls ${2#file:} >/dev/null 2>&1 ;;
    deb) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$' ;;
    *) echo "need.sh: '$2' is no probe: use cmd:, pc:, file: or deb" >&2; exit 2 ;;
    esac
}

missing=
for want in "$@"; do
    package=${want%%=*}
    is_there "$package" "${want#*=}" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing (named as in Debian):$missing. Install them with this system's package manager, then try again." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "Missing packages. Run this, then try again:" >&2
    echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The list may be stale or absent: update first. Quiet unless it fails.
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install$missing: the lines above say why" >&2
    exit 1
fi
