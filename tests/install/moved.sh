#!/bin/bash
# SPDX-License-Identifier: MIT
# A build folder that was copied or moved along with its tree is set up anew; one that stayed where it was is kept.
. "$(dirname "$0")/lib.sh"
. "$EDDY_SOURCE/tools/setup.sh"

mkdir "$scratch/here"
cd "$scratch/here"
echo 'int main(void) { return 0; }' >main.c
printf "project('small', 'c')\nexecutable('small', 'main.c')\n" >meson.build
quiet build_folder build
touch build/kept
quiet build_folder build
[ -e build/kept ] || fail "a folder that stayed where it was is set up anew"

cp -a "$scratch/here" "$scratch/there"
cd "$scratch/there"
echo 'int main(void) { return 3; }' >main.c
quiet build_folder build
status=0
build/small || status=$?
[ "$status" = 3 ] || fail "a copied tree builds what stands at the place it came from"
[ ! -e build/kept ] || fail "a copied folder is not set up anew"
cd "$scratch/here"
rm -r "$scratch/there"
build/small || fail "building in a copy changed what it was copied from"
