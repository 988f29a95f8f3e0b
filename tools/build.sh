#!/bin/sh
# SPDX-License-Identifier: MIT
# Sets up what is missing and builds into build/.
#
#   tools/build.sh [curl] [tests] [man]      what the build must contain, beside what it had before
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh

tools/need.sh $need_to_build
had=$(cat build/options 2>/dev/null || true)
curl=auto tests=auto man=auto
case $had in *curl=enabled*) curl=enabled ;; esac
case $had in *tests=enabled*) tests=enabled ;; esac
case $had in *man=enabled*) man=enabled ;; esac
for part in "$@"; do
    case $part in
    curl) tools/need.sh $need_for_curl; curl=enabled ;;
    tests) tools/need.sh $need_for_tests; tests=enabled ;;
    man) tools/need.sh $need_for_man; man=enabled ;;
    *) echo "build.sh: unknown part '$part': use curl, tests or man" >&2; exit 2 ;;
    esac
done
build_folder build "-Dcurl=$curl" "-Dtests=$tests" "-Dman=$man"
