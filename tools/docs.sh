#!/bin/sh
# SPDX-License-Identifier: MIT
# `make docs`: writes what is made of docs/ anew: examples in the pages, the index, the site (build/docs/html) and the
# man pages (build/docs/man).
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
tools/need.sh python3=cmd:python3 $need_for_man $need_for_docs
tools/reference.py sync
tools/reference.py check
mkdir -p build/docs
tools/reference.py site build/docs
mkdocs build --strict --quiet --clean -f build/docs/mkdocs.yml
tools/reference.py man build/docs/man
echo "build/docs/html/index.html: the site"
echo "build/docs/man: man pages; read one with man -l build/docs/man/eddy_lock.3"
