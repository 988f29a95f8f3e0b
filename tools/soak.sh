#!/bin/sh
# SPDX-License-Identifier: MIT
# `make soak`: EDDY_SOAK_SECONDS (1200) of hostile load on each driver, whose third phase must not leave more memory and descriptors than
# the second; then random programs. The last line is the tally.
set -u
cd "$(dirname "$0")/.."
tools/build.sh tests || exit 1
passed=0 failed=0 skipped=0
count() {
    case $1 in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
}
for driver in epoll uring; do
    echo "=== load on $driver"
    EDDY_DRIVER=$driver python3 tests/load/run.py build/tests/load/server build/tests/load/clients 10000 \
        "${EDDY_SOAK_SECONDS:-1200}"
    count $?
done
echo "=== random programs"
tools/model.sh
count $?
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
