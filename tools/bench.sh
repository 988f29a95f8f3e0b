#!/bin/sh
# SPDX-License-Identifier: MIT
# `make bench`, `make bench-quick`, `make bench-micro`, `make bench-io`, `make bench-cores`, `make bench-growth`,
# `make bench-http`, `make bench-pg`, `make bench-redis`: builds the measuring programs and those of the peers, in a folder of
# their own, and runs them.
#
#   tools/bench.sh all [ARGUMENT...]            both tables below, then docs/benchmarks.md and its pictures; the arguments
#                                               go to both: --rounds 3 --minutes 10
#   tools/bench.sh micro [ARGUMENT...]          arguments go to bench/micro.py
#   tools/bench.sh traffic [ARGUMENT...]        or to bench/traffic.py: --rounds 3 --only lone
#   tools/bench.sh cores [ARGUMENT...]          or to bench/cores.py, one core and two
#   tools/bench.sh growth [ARGUMENT...]         or to bench/growth.py, which has no peers
#   tools/bench.sh http|pg|redis [ARGUMENT...]  a module beside nginx, libpq and asyncpg, hiredis: bench/http_requests.py, ...
#
# A peer whose package cannot be installed is left out of the table, which says so.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
tools/need.sh $need_to_build
table=${1:-micro}
programs=bench-eddy
case $table in
http | pg | redis)
    tools/need.sh $need_for_modules $need_for_curl $need_for_bench_modules
    bench_folder=build-bench-modules
    without_modules="-Dcurl=disabled -Djobs=disabled -Dnats=disabled -Dsqlite=disabled"
    configure_bench
    ninja -C "$bench_folder" bench-modules >/dev/null
    shift
    script=$(ls "bench/${table}_"*.py)
    exec "$script" "$bench_folder" "$@"
    ;;
esac
if [ "$table" != growth ]; then
    programs=bench-all
    installed=$(tools/need.sh $need_for_bench) || echo "Going on with the peers that are there." >&2
    [ -z "$installed" ] || rm -rf "$bench_folder" # Meson remembers which libraries it did not find
fi
configure_bench
ninja -C "$bench_folder" $programs >/dev/null
[ $# = 0 ] || shift
if [ "$table" != all ]; then
    exec "bench/$table.py" "$bench_folder" "$@"
fi
bench/micro.py "$bench_folder" --json "$bench_folder/micro.json" "$@"
bench/traffic.py "$bench_folder" --json "$bench_folder/traffic.json" "$@"
bench/cores.py "$bench_folder" --json "$bench_folder/cores.json" "$@"
exec bench/report.py "$bench_folder"
