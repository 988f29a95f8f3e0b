#!/bin/bash
# SPDX-License-Identifier: MIT
# The library and a program by one command, without Meson and without a -D; so too the eddy command.
. "$(dirname "$0")/lib.sh"
cd "$source" || exit 1

cat >"$work/greeting.c" <<'EOF'
#include <eddy/keywords.h>
#include <stdio.h>
async(int, main_task)
{
    await(eddy_sleep(0.001));
    return printf("hello\n") == 6 ? 0 : 1;
}
int main(void) { return eddy_run(main_task()); }
EOF

program() { "$@" -Iinclude -Isrc $(sources) "$work/greeting.c" -lpthread -o "$work/greeting"; }
whole() { "$@" -Iinclude -Isrc src/*/*.c -lpthread -o "$work/eddy"; }
# A warning fails, so that the lines above stand for what a user sees.
quiet() { "$@" >"$work/said" 2>&1 && ! grep . "$work/said"; }

for compiler in cc clang; do
    has $compiler || { skip "$compiler" "it is not installed"; continue; }
    ok "$compiler: a program compiles" quiet program $compiler && ok "$compiler: the program runs" "$work/greeting"
    ok "$compiler: the command compiles" quiet whole $compiler && ok "$compiler: the command runs" "$work/eddy" --help
    # The code of other standards is the same: it need not be made twice.
    for standard in -std=gnu11 -std=gnu2x; do
        ok "$compiler $standard: no warning" quiet $compiler $standard -fsyntax-only -Iinclude -Isrc src/*/*.c
    done
done
ok "generic switch: a program compiles" quiet program cc -DEDDY_GENERIC_SWITCH &&
    ok "generic switch: the program runs" "$work/greeting"
finish
