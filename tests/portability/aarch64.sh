#!/bin/bash
# SPDX-License-Identifier: MIT
# The library on aarch64, static programs under qemu-user.
. "$(dirname "$0")/lib.sh"

compiler=aarch64-linux-gnu-gcc
if ! has $compiler qemu-aarch64; then
    skip aarch64 "no $compiler or no qemu-aarch64: install gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user"
    finish
    exit 77
fi

wrapper=qemu-aarch64
for switch in '' -DEDDY_GENERIC_SWITCH -mbranch-protection=standard; do
    name="aarch64${switch:+ $switch}"
    built=
    # A program that is linked statically warns of getaddrinfo and getpwuid.
    language "$name" $compiler -static -std=gnu11 -O2 -g -Wall -Wextra -Wshadow $switch || continue
    if [ -z "$switch" ]; then
        export EDDY_SWITCHES=100000
        others "$name" unit $compiler -static -std=gnu11 -O2
        others "$name" stress $compiler -static -std=gnu11 -O2
        continue
    fi
    ok "$name: test_switch compiles" one_program "$built" unit test_switch $compiler -static -std=gnu11 -O2 $switch &&
        ok "$name: test_switch" env EDDY_SWITCHES=100000 qemu-aarch64 "$built/test_switch"
done
finish
