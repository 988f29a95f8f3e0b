#!/bin/sh
# SPDX-License-Identifier: MIT
# `make soak`: EDDY_SOAK_SECONDS (1200) of hostile load on each driver, whose third phase must not leave more memory and descriptors than
# the second; then random programs. The last line is the tally.
set -u
cd "$(dirname "$0")/.."
tools/build.sh tests || exit 1
failed=0
for driver in epoll uring; do
    echo "=== load on $driver"
    EDDY_DRIVER=$driver python3 tests/load/run.py build/tests/load/server build/tests/load/clients 10000 \
        "${EDDY_SOAK_SECONDS:-1200}" || [ $? = 77 ] || failed=$((failed + 1))
done
echo "=== random programs"
tools/model.sh || failed=$((failed + 1))
echo "$((3 - failed)) passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
