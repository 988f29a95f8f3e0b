#!/bin/sh
# SPDX-License-Identifier: MIT
# `make docs`: writes the generated pages of docs/ anew; each generator takes the build folder.
set -eu
cd "$(dirname "$0")/.."
tools/build.sh
for generator in notes.py reference.py; do
    [ -e "tools/$generator" ] || continue
    echo "tools/$generator"
    "tools/$generator" build
done
