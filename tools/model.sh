#!/bin/sh
# SPDX-License-Identifier: MIT
# `make model`: EDDY_MODEL_SEEDS random programs (100000), from EDDY_MODEL_FIRST (1) on, on all processors.
# EDDY_SIM_WEATHER: in that weather only. The first failure of each thousand is told; the last line is the tally.
set -eu
cd "$(dirname "$0")/.."
tools/build.sh tests
seeds=${EDDY_MODEL_SEEDS:-100000} first=${EDDY_MODEL_FIRST:-1}
if seq "$first" 1000 $((first + seeds - 1)) |
    xargs -P "$(nproc)" -I{} build/tests/model/model {} 1000
then echo "1 passed, 0 failed, 0 skipped"
else echo "0 passed, 1 failed, 0 skipped"; exit 1
fi
