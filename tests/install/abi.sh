#!/bin/bash
# SPDX-License-Identifier: MIT
# tools/abi.sh: the built library keeps what the last release had; and it does notice a function that is gone, a struct that has
# another size, and lets pass what may grow. Of a part of the library, which compiles in no time.
. "$(dirname "$0")/lib.sh"
abi="$EDDY_SOURCE/tools/abi.sh"
quiet "$abi" check "$EDDY_BUILD/libeddy.so"

export EDDY_ABI=$scratch/abi
mkdir "$EDDY_ABI"
cp -r "$EDDY_SOURCE/include" "$EDDY_SOURCE/src" "$scratch"
cd "$scratch"

cat >takes.c <<'C'
#include <eddy.h>
size_t eddy_takes(const eddy_loop_options *options) { return options->size; }
C

# build FILE: a shared library of those whose noun is a plain struct, and of one that takes options.
build() {
    quiet gcc -g -O0 -w -shared -fPIC -D_GNU_SOURCE -Wl,-soname,libeddy.so.0.0 -Iinclude -Isrc src/sync/*.c takes.c -o "$1"
}
refuses() {
    ! "$abi" check "$1" include >"$scratch/said" 2>&1 || fail "a library is taken $2"
    grep -q "$3" "$scratch/said" || { cat "$scratch/said" >&2; fail "$2: it does not name $3"; }
}

build first.so
quiet "$abi" write first.so include
quiet "$abi" write first.so include
[ "$(ls "$EDDY_ABI" | wc -l)" = 1 ] || fail "there are several files of one soname"
quiet "$abi" check first.so include

sed -i 's/^bool eddy_lock_locked(/bool lock_is_locked(/' src/sync/lock.c
build removed.so
refuses removed.so "without a function" eddy_lock_locked

cp "$EDDY_SOURCE/src/sync/lock.c" src/sync
sed -i 's/^typedef struct eddy_lock {/&\n    char more;/' include/eddy/lock.h
build larger.so
refuses larger.so "with a larger lock" eddy_lock

cp "$EDDY_SOURCE/include/eddy/lock.h" include/eddy
sed -i '/^} eddy_loop_options;/i\    void *more;' include/eddy/loop.h
build options.so
quiet "$abi" check options.so include
