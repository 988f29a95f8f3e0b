#!/bin/bash
# SPDX-License-Identifier: MIT
# The language tests under the flags that distributions and users compile with: optimisation levels, hardening, the
# machine's own instructions, link-time optimisation, the generic switch.
. "$(dirname "$0")/lib.sh"

warnings="-std=gnu11 -g -Wall -Wextra -Wshadow"
hardening="-D_FORTIFY_SOURCE=3 -fstack-protector-all -fstack-clash-protection"
for compiler in gcc clang; do
    has $compiler || { skip "$compiler" "it is not installed"; continue; }
    for flags in -O0 -O1 -O2 -O3 "-O2 -march=native" "-O2 $hardening" "-O2 -fcf-protection=full" "-O3 -flto" \
        "-O2 -DEDDY_GENERIC_SWITCH $hardening"; do
        # Debian's clang and ld agree on link-time optimisation through lld only.
        case $compiler$flags in clang*-flto*) linker=-fuse-ld=lld ;; *) linker= ;; esac
        [ -z "$linker" ] || has ld.lld || { skip "clang $flags" "no ld.lld: install lld"; continue; }
        language "$compiler $flags" $compiler $warnings $flags $linker -Wno-unused-command-line-argument
    done
done

# --- shadow stacks ----------------------------------------------------------------------------------------------------

# What Meson builds must not claim shadow stacks, whatever the flags: the switch does not follow them.
claims_shadow_stacks() { readelf -n "$1" | tee /dev/stderr | grep -q SHSTK; }
unmarked() { ! claims_shadow_stacks "$1"; }
meson_build() {
    meson setup "$work/cet" "$source" -Dc_args=-fcf-protection=full -Dtests=disabled -Dcurl=disabled &&
        ninja -C "$work/cet" eddy libeddy.a
}

if [ "$(uname -m)" != x86_64 ]; then
    skip "shadow stacks" "this is no x86-64"
elif ! has meson ninja readelf; then
    skip "shadow stacks" "needs meson, ninja and readelf"
elif ok "a build with -fcf-protection=full" meson_build; then
    cat >"$work/main.c" <<'EOF'
#include <eddy/keywords.h>
async(int, main_task) { await(eddy_sleep(0.001)); return 0; }
int main(void) { return eddy_run(main_task()); }
EOF
    ok "the check sees a mark" claims_shadow_stacks "$work"/cet/libeddy.a
    ok "the shared library claims no shadow stacks" unmarked "$work/cet/libeddy.so"
    ok "a static program compiles" gcc -fcf-protection=full -I"$source/include" "$work/main.c" "$work/cet/libeddy.a" \
        -lpthread -o "$work/main" &&
        ok "it claims no shadow stacks" unmarked "$work/main" &&
        ok "it runs" "$work/main"
fi
finish
