#!/bin/sh
# SPDX-License-Identifier: MIT
# `make docs`: writes what is made of docs/ anew: examples in the pages, the index, the site (build/docs/html) and the
# man pages (build/docs/man). Needs python3 alone. docs/notes.md needs the built programs, too, and is written if they are there.
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
tools/need.sh python3=cmd:python3
if [ -e build/examples/notes/greeting ]; then
    tools/notes.py build
fi
tools/reference.py sync
tools/reference.py check
tools/reference.py site build/docs/html
tools/reference.py man build/docs/man
echo "build/docs/man: man pages; read one with man -l build/docs/man/eddy_lock.3"
