#!/bin/bash
# SPDX-License-Identifier: MIT
# tls.sh PROGRAM: the object that does TLS is found beside the shared library or in its folder; where it is missing or is
# another's, the call that needs it says so, and nothing else of the library is the worse for it.
set -eu
export LC_ALL=C
program=$(realpath "$1") build=${EDDY_BUILD:-build} scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "tls.sh: $*" >&2; exit 1; }
# refuses CODE WORDS: both stand in what the program says.
refuses() {
    "$program" refused "$1" >"$scratch/words" 2>&1 || { cat "$scratch/words" >&2; fail "no refusal with code $1"; }
    grep -q "eddy_tls_client_new: the part of Eddy that does TLS cannot be loaded: .*$2" "$scratch/words" ||
        { cat "$scratch/words" >&2; fail "other words than $2"; }
}

unset LD_LIBRARY_PATH
"$program" talk || fail "no TLS with the library of the build folder"

cp "$build"/libeddy.so.0.1 "$scratch"
export LD_LIBRARY_PATH=$scratch
refuses 79 "$scratch/eddy-0.1/libeddy-tls.so" # ELIBACC
: >"$scratch/libeddy-tls.so"
refuses 79 libeddy-tls.so
echo 'int other = 1;' | ${CC:-cc} -shared -fPIC -x c - -o "$scratch/libeddy-tls.so"
refuses 79 eddy_tls_engine
echo 'long all[64]; long *eddy_tls_engine(void) { return all; }' | ${CC:-cc} -shared -fPIC -x c - -o "$scratch/libeddy-tls.so"
refuses 4108 "another build" # EDDY_VERSION_MISMATCH
rm "$scratch/libeddy-tls.so"

mkdir "$scratch/eddy-0.1" "$scratch/links"
cp "$build/libeddy-tls.so" "$scratch/eddy-0.1"
"$program" talk || fail "no TLS with the object in the folder of the library"
# By a link in another folder, with a relative path.
ln -s "$scratch/libeddy.so.0.1" "$scratch/links"
(cd "$scratch" && LD_LIBRARY_PATH=links "$program" talk) || fail "no TLS by a link to the library"
