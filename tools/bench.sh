#!/bin/sh
# SPDX-License-Identifier: MIT
# `make bench-micro`: builds the measuring programs and those of the peers, in a folder of their own, and runs them.
#
#   tools/bench.sh [ARGUMENT...]        arguments go to bench/micro.py
#
# A peer whose package cannot be installed is left out of the table, which says so.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
tools/need.sh $need_to_build
tools/need.sh $need_for_bench || echo "Going on with the peers that are there." >&2
configure_bench
ninja -C "$bench_folder" bench-all >/dev/null
exec bench/micro.py "$bench_folder" "$@"
