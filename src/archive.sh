#!/bin/sh
# SPDX-License-Identifier: MIT
# archive.sh ARCHIVE PARTS PREFIX COMPILER...: a copy of PARTS, in which global names without `eddy_` begin with PREFIX.
# A program and the archives that it links share their names: a function `task_wake` of the program's own would be called by
# the library in place of the library's, and two modules may each have a `retry_delay`.
set -eu
archive=$1 parts=$2 prefix=$3
shift 3
ar=$("$@" -print-prog-name=ar) nm=$("$@" -print-prog-name=nm) objcopy=$("$@" -print-prog-name=objcopy)
rm -f "$archive"
# PARTS may be a thin archive, which lists files.
"$ar" t "$parts" | xargs "$ar" rcsD "$archive"
[ -n "$prefix" ] || exit 0
names=$archive.names
"$nm" --extern-only --defined-only "$archive" |
    awk -v prefix="$prefix" 'NF == 3 && $3 !~ /^_*(eddy_|asan|ubsan|tsan|llvm|gcov)/ { print $3, prefix $3 }' |
    sort -u >"$names"
"$objcopy" --enable-deterministic-archives --redefine-syms="$names" "$archive"
rm "$names"
