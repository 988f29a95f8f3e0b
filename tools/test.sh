#!/bin/sh
# SPDX-License-Identifier: MIT
# `make test`: the quick suites in the default build. The last line is the tally.
set -eu
cd "$(dirname "$0")/.."
if ! tools/build.sh curl tests; then
    echo "The build failed; nothing was tested." >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
exec tools/runtests.py build --slowest 5 \
    --suite tidy --suite unit --suite language --suite compile-fail --suite conformance --suite cli --suite examples --suite docs --suite model --suite faults
