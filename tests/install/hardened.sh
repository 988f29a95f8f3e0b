# SPDX-License-Identifier: MIT
# Sourced by the scripts that check whether the installed files are hardened.

# carries_ibt FILE: the mark says that every indirect jump of it lands on an endbr64.
carries_ibt() { readelf -nW "$1" | grep -q 'x86 feature:.*IBT'; }

# hardened FILE...: relocated once and then read-only, no executable stack, stack protector, fortified libc calls; its marks
# are true: the switch follows no shadow stack, and the mark of indirect branches depends on compiler and C library alone.
hardened() {
    echo 'int empty(void); int empty(void) { return 0; }' >"$scratch/empty.c"
    $CC -shared -fPIC "$scratch/empty.c" -o "$scratch/empty.so"
    for file; do
        readelf -lW "$file" | grep -q GNU_RELRO || fail "$file has no relro"
        readelf -dW "$file" | grep -qE '\((FLAGS|FLAGS_1)\).*\b(BIND_NOW|NOW)\b' || fail "$file is not bound at its start (-z now)"
        readelf -lW "$file" | grep -E 'GNU_STACK.* RW +0x' >/dev/null || fail "the stack of $file is executable"
        readelf -hW "$file" | grep -qE 'Type: +DYN' || fail "$file is at a fixed address"
        readelf --dyn-syms -W "$file" | grep -q '__stack_chk_fail' || fail "$file has no stack protector"
        ! readelf -nW "$file" | grep -q 'x86 feature:.*SHSTK' || fail "$file is marked for shadow stacks, which the switch does not follow"
        ! carries_ibt "$scratch/empty.so" || carries_ibt "$file" || fail "$file lacks the mark of indirect branch tracking"
    done
}

# fortified FILE...: with glibc.
fortified() {
    for file; do
        readelf --dyn-syms -W "$file" | grep -qE '__[a-z]+_chk@' || fail "$file was not fortified"
    done
}
