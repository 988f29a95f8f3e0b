#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs into a folder of its own, then builds and runs a program as a user would: through pkg-config with the shared and
# the static library, and through the installed command. Uninstalling leaves no file behind.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
fail() { echo "installed.sh: $*" >&2; exit 1; }

DESTDIR=$root meson install -C "$EDDY_BUILD" --no-rebuild --quiet
prefix=$(dirname "$(dirname "$(find "$root" -path '*/bin/eddy')")")
pc=$(find "$root" -name eddy.pc)
[ -n "$pc" ] || fail "no eddy.pc was installed"
export PKG_CONFIG_PATH=${pc%/eddy.pc} PKG_CONFIG_SYSROOT_DIR=$root
library=$(dirname "$(find "$root" -name libeddy.a)")

cat >"$scratch/hello.c" <<'C'
#include <eddy/keywords.h>
#include <stdio.h>

async(int, answer, (int, a), (int, b)) {
    await(eddy_sleep(0.001));
    return a * b;
}

async(int, main_task) {
    printf("%d\n", await(answer(6, 7)));
    return 0;
}

int main(void) { return eddy_run(main_task()); }
C

flags="-std=gnu11 -Wall -Wextra -Wshadow -Werror"
says() { [ "$2" = 42 ] || fail "$1 printed '$2', not 42"; }

$CC $flags "$scratch/hello.c" -o "$scratch/shared" $(pkg-config --cflags --libs eddy)
says "the program with the shared library" "$(LD_LIBRARY_PATH=$library "$scratch/shared")"
$CC $flags $(pkg-config --cflags eddy) "$scratch/hello.c" "$library/libeddy.a" -lpthread -o "$scratch/static"
says "the program with the static library" "$("$scratch/static")"
says "eddy run" "$(EDDY_CACHE=$scratch/cache "$prefix/bin/eddy" run "$scratch/hello.c")"

case $(pkg-config --cflags eddy) in
*-fstack-clash-protection*) ;;
*) fail "eddy.pc lacks -fstack-clash-protection: a large frame could jump over the stack's guard" ;;
esac

# Whatever lies in a system folder loses its warnings: those of dropped handles must survive.
sed 's/printf(.*/spawn(answer(6, 7));/' "$scratch/hello.c" >"$scratch/dropped.c"
if $CC $flags -isystem "$prefix/include" -c "$scratch/dropped.c" -o "$scratch/dropped.o" 2>"$scratch/words"; then
    fail "a dropped handle gave no warning with the headers in a system folder"
fi
grep -q 'warn_unused_result\|unused-result' "$scratch/words" || { cat "$scratch/words" >&2; fail "other words for a dropped handle"; }

for command in tour doctor; do
    EDDY_CACHE=$scratch/cache "$prefix/bin/eddy" $command </dev/null >"$scratch/words" 2>&1 ||
        { cat "$scratch/words" >&2; fail "the installed 'eddy $command' failed"; }
done

DESTDIR=$root ninja -C "$EDDY_BUILD" uninstall >/dev/null
left=$([ ! -d "$root" ] || find "$root" -type f -o -type l)
[ -z "$left" ] || fail "uninstalling left behind: $left"
