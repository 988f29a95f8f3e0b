#!/bin/bash
# SPDX-License-Identifier: MIT
# The library on musl: with the switch of the machine, and with the one for unknown machines.
. "$(dirname "$0")/lib.sh"

if ! has musl-gcc; then
    skip musl "no musl-gcc: install musl-tools"
    finish
    exit 77
fi

for switch in '' -DEDDY_GENERIC_SWITCH; do
    name=musl${switch:+, generic switch}
    built=
    language "$name" musl-gcc -std=gnu11 -O1 -g -Wall -Wextra -Wshadow -Werror $switch || continue
    [ -n "$switch" ] || others "$name" unit musl-gcc -std=gnu11 -O1 -g
    # With the other switch only what switches can differ.
    [ -z "$switch" ] || { ok "$name: test_switch compiles" one_program "$built" unit test_switch musl-gcc -O1 -g $switch &&
        ok "$name: test_switch" "$built/test_switch"; }
done

# A running host loads the library: then there is no room for thread-locals of the initial-exec model.
shared() {
    library "$work/shared" musl-gcc -std=gnu11 -O1 -fPIC && musl-gcc -shared "$work"/shared/*.o -o "$work/libeddy.so" &&
        musl-gcc -O1 "$source/tests/shared/load.c" -o "$work/load" && EDDY_DRIVER=epoll "$work/load" "$work/libeddy.so"
}
ok "musl, a library that is loaded later" shared
finish
