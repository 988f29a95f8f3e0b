#!/bin/bash
# SPDX-License-Identifier: MIT
# The language tests, and ten million switches with live values in every register, under the flags that distributions and
# users compile with: optimisation levels (-O2 is what the other builds have), hardening, the machine's own instructions,
# link-time optimisation, the generic switch.
. "$(dirname "$0")/lib.sh"

warnings="-std=gnu11 -g -Wall -Wextra -Wshadow -Wno-unused-command-line-argument"
hardening="-D_FORTIFY_SOURCE=3 -fstack-protector-all -fstack-clash-protection"

# under NAME COMPILER-AND-FLAGS...
under() {
    local name=$1
    shift
    built=
    language "$name" "$@" || return
    ok "$name: test_switch compiles" one_program "$built" unit test_switch "$@" &&
        ok "$name: test_switch" "$built/test_switch"
}

# What -march=native is here: live vectors and masks of AVX-512 where the processor has it.
if grep -qw avx512bw /proc/cpuinfo; then
    echo "      this processor has AVX-512: with -march=native its vectors and mask registers are live over switches"
else
    echo "      this processor has no AVX-512: with -march=native the widest vectors that it has are live over switches"
fi

# Each takes a minute. EDDY_FLAGS=all: all of them with both compilers (`make flags`), otherwise each once.
for compiler in gcc clang; do
    has $compiler || { skip "$compiler" "it is not installed"; continue; }
    case ${EDDY_FLAGS:-}$compiler in
    gcc) levels=(-O0 "-O2 -march=native" "-O2 -fcf-protection=full $hardening") ;;
    clang) levels=(-O3 "-O2 -march=native" "-O1 -DEDDY_GENERIC_SWITCH $hardening") ;;
    *) levels=(-O0 -O1 -O3 "-O2 -march=native" "-O2 -fcf-protection=full $hardening"
        "-O1 -DEDDY_GENERIC_SWITCH $hardening") ;;
    esac
    for flags in "${levels[@]}"; do
        under "$compiler $flags" $compiler $warnings $flags
    done
done

# A step and a yield are assembly in the user's program, which may be compiled in the other dialect.
for compiler in gcc clang; do
    has $compiler || continue
    ok "$compiler -masm=intel: generator_steps compiles" one_program "$built" language generator_steps $compiler $warnings \
        -O2 -masm=intel &&
        ok "$compiler -masm=intel: generator_steps" "$built/generator_steps"
done

# Each program then compiles the library anew: those that suspend in most ways stand for all.
names_of() {
    printf '%s\n' async_generators errors files gather generators managers scopes tasks threads
}
under "gcc -O3 -flto" gcc $warnings -O3 -flto
# Debian's clang and ld agree on link-time optimisation through lld only.
if has clang ld.lld; then
    under "clang -O3 -flto" clang $warnings -O3 -flto -fuse-ld=lld
else
    skip "clang -O3 -flto" "no clang or no ld.lld: install clang and lld"
fi

# --- shadow stacks ----------------------------------------------------------------------------------------------------

# What Meson builds must not claim shadow stacks, whatever the flags: the switch does not follow them.
claims_shadow_stacks() { readelf -n "$1" | tee /dev/stderr | grep -q SHSTK; }
unmarked() { ! claims_shadow_stacks "$1"; }
meson_build() {
    meson setup "$work/cet" "$source" -Dc_args=-fcf-protection=full -Dauto_features=disabled &&
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
