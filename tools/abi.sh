#!/bin/bash
# SPDX-License-Identifier: MIT
# The binary interface of libeddy.so, by Debian's abigail-tools: within a minor version nothing that a compiled program knows
# is taken away or changed. What may grow stands in abi/suppressions.
#
#   tools/abi.sh check LIBRARY [HEADERS]    against the last release of this minor version, if there was one
#   tools/abi.sh write LIBRARY [HEADERS]    what a release does: abi/SONAME-MACHINE.abi.gz
set -eu -o pipefail
top=$(realpath "$(dirname "$0")/..")
doing=$1 library=$2 headers=${3:-$top/include}
soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
last=${EDDY_ABI:-$top/abi}/$soname-$(uname -m).abi.gz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Public types alone; neither paths nor lines: the same source gives the same file at every place.
abidw --headers-dir "$headers" --drop-private-types --suppressions "$top/abi/private" --no-show-locs \
    --no-corpus-path --no-comp-dir-path --no-elf-needed "$library" >"$scratch/now.abi"

case $doing in
write) gzip -9n <"$scratch/now.abi" >"$last" ;;
check)
    [ -f "$last" ] || { echo "abi.sh: there was no release with $soname yet"; exit 0; }
    gunzip -c "$last" >"$scratch/last.abi"
    abidiff --suppressions "$top/abi/suppressions" --no-added-syms "$scratch/last.abi" "$scratch/now.abi" || {
        echo "abi.sh: programs that were compiled with the last release would break: see docs/stability.md" >&2
        exit 1
    }
    ;;
*) echo "abi.sh: '$doing' is not known: check or write" >&2; exit 2 ;;
esac
