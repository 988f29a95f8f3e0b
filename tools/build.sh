#!/bin/bash
# SPDX-License-Identifier: MIT
# Sets up what is missing and builds into build/.
#
#   tools/build.sh [curl] [tests] [man]      what the build must contain, beside what it had before
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

tools/need.sh $need_to_build
options=()
for part in curl tests man; do
    case " $* $(cat build/options 2>/dev/null || true) " in
    *" $part "*) need=need_for_$part; tools/need.sh ${!need}; options+=(-D$part=enabled) ;;
    *" -D$part=enabled "*) options+=(-D$part=enabled) ;;
    *) options+=(-D$part=auto) ;;
    esac
done
build_folder build "${options[@]}"
