#!/bin/bash
# SPDX-License-Identifier: MIT
# The library on aarch64, under qemu-user.
. "$(dirname "$0")/lib.sh"

compiler=aarch64-linux-gnu-gcc
if ! has $compiler qemu-aarch64; then
    skip aarch64 "no $compiler or no qemu-aarch64: install gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user"
    finish
    exit 77
fi

# Debian puts the libraries for cross compilation there.
wrapper="qemu-aarch64 -L /usr/aarch64-linux-gnu"
export EDDY_WATCHED=1 # see tests/language/io_arguments.c
for switch in '' -DEDDY_GENERIC_SWITCH -mbranch-protection=standard; do
    name="aarch64${switch:+ $switch}"
    built=
    language "$name" $compiler -std=gnu11 -O2 -g -Wall -Wextra -Wshadow $switch || continue
    if [ -z "$switch" ]; then
        export EDDY_SWITCHES=100000
        others "$name" unit $compiler -std=gnu11 -O2
        others "$name" stress $compiler -std=gnu11 -O2
        continue
    fi
    ok "$name: test_switch compiles" one_program "$built" unit test_switch $compiler -std=gnu11 -O2 $switch &&
        ok "$name: test_switch" env EDDY_SWITCHES=100000 $wrapper "$built/test_switch"
done
finish
