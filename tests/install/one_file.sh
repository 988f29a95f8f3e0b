#!/bin/bash
# SPDX-License-Identifier: MIT
# `make amalgamation` compiles: what amalgamation.sh builds and runs, seen after each change.
. "$(dirname "$0")/lib.sh"
"$EDDY_SOURCE/tools/amalgamate.py" "$scratch"
for parts in "" "-DEDDY_WITH_URING -DEDDY_WITH_TLS"; do
    [ -z "$parts" ] || pkg-config --exists liburing openssl || continue
    quiet $CC $parts -fsyntax-only -Wall -Wextra "$scratch/eddy.c"
done
