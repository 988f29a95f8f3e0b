#!/bin/sh
# SPDX-License-Identifier: MIT
# archive.sh ARCHIVE PARTS OBJCOPY AR COMPILER...: an archive of one object, in which only public names are global.
# Modules have files of the same name with functions of the same name: a program that links two archives of many objects
# would get "multiple definition", or one module would call a function of the other.
set -eu
archive=$1 parts=$2 objcopy=$3 ar=$4
shift 4
object=${archive%.a}.o
"$@" -r -nostdlib -o "$object" -Wl,--whole-archive "$parts" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$object"
rm -f "$archive"
"$ar" rcsD "$archive" "$object"
