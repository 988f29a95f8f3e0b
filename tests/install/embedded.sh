#!/bin/bash
# SPDX-License-Identifier: MIT
# A program that builds Eddy among its own things: as a Meson subproject, which builds no tests, and through CMake's
# FetchContent.
. "$(dirname "$0")/lib.sh"
unset DESTDIR

# --- Meson ------------------------------------------------------------------------------------------------------------

mkdir -p "$scratch/meson/subprojects"
cp "$scratch/hello.c" "$scratch/meson"
ln -s "$EDDY_SOURCE" "$scratch/meson/subprojects/eddy"
cp "$EDDY_SOURCE/tests/install/embedded/meson.build" "$scratch/meson" # as docs/guide/building.md shows it
PKG_CONFIG_PATH='' quiet meson setup "$scratch/meson/build" "$scratch/meson" --buildtype=debug --force-fallback-for=eddy
quiet ninja -C "$scratch/meson/build" hello
says "the program with a Meson subproject" "$("$scratch/meson/build/hello")"
quiet meson test -C "$scratch/meson/build" --no-rebuild
tests=$(meson test -C "$scratch/meson/build" --no-rebuild --list 2>&1 | grep -c 'eddy' || true)
[ "$tests" = 0 ] || fail "as a subproject Eddy has $tests tests"
[ ! -e "$scratch/meson/build/subprojects/eddy/tests" ] || fail "as a subproject Eddy sets up its tests"

# --- CMake ------------------------------------------------------------------------------------------------------------

mkdir "$scratch/cmake"
cp "$scratch/hello.c" "$scratch/cmake"
cp "$EDDY_SOURCE/tests/install/embedded/CMakeLists.txt" "$scratch/cmake"
ln -s "$EDDY_SOURCE" "$scratch/cmake/eddy"
quiet cmake -S "$scratch/cmake" -B "$scratch/cmake/build"
quiet make -C "$scratch/cmake/build" -j "$(getconf _NPROCESSORS_ONLN)"
says "the program with FetchContent" "$("$scratch/cmake/build/hello")"
