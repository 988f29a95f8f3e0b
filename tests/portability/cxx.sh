#!/bin/bash
# SPDX-License-Identifier: MIT
# C++: <eddy.h> compiles without a warning, a C++ program links and runs beside C coroutines.  Then: a program whose
# header is of another version, or whose structs have other sizes, is told so by eddy_run.
. "$(dirname "$0")/lib.sh"

ok "the library compiles" library "$work/lib" gcc -O1 -g || { finish; exit 1; }

guide=$source/tests/docs/cxx # the program of docs/guide/cxx.md
strict="-Wall -Wextra -Wpedantic -Werror"
for compiler in g++ clang++; do
    has $compiler || { skip "$compiler" "it is not installed"; continue; }
    for standard in c++11 c++17 c++20; do
        ok "$compiler $standard: <eddy.h> compiles" $compiler -std=$standard $strict -I"$source/include" -x c++ \
            -fsyntax-only "$source/include/eddy.h"
    done
    ok "$compiler: a C++ program links" eval "gcc -O1 -I'$source/include' -c '$guide/lines.c' -o '$work/lines.o' &&
        $compiler -std=c++17 $strict -I'$source/include' '$guide/main.cpp' '$work/lines.o' '$work'/lib/*.o \
        -lpthread -o '$work/cxx'" &&
        ok "$compiler: it runs" "$work/cxx"
done

# --- header and library of different builds ---------------------------------------------------------------------------

cat >"$work/other.c" <<'EOF'
#include <eddy/keywords.h>
async(int, main_task) { return 0; }
int main(void) { return eddy_run(main_task()); }
EOF

# told OLD NEW FILE SENTENCE: a program compiled with headers in which OLD is NEW fails with the sentence.
told() {
    rm -rf "$work/include"
    cp -r "$source/include" "$work/include"
    sed -i "s/$1/$2/" "$work/include/eddy/$3"
    ! cmp -s "$source/include/eddy/$3" "$work/include/eddy/$3" || { echo "nothing to doctor in $3"; return 1; }
    gcc -I"$work/include" "$work/other.c" "$work"/lib/*.o -lpthread -o "$work/other" || return 1
    "$work/other" >"$work/said" 2>&1
    [ $? = 1 ] || { echo "exit status is not 1"; return 1; }
    cat "$work/said"
    grep -q "$4" "$work/said"
}

ok "header of a later minor version" told 'EDDY_VERSION_MINOR 1' 'EDDY_VERSION_MINOR 2' base.h 'headers of 0\.2\.0'
ok "header of another major version" told 'EDDY_VERSION_MAJOR 0' 'EDDY_VERSION_MAJOR 1' base.h 'headers of 1\.1\.0'
ok "header with structs of other sizes" told '    void [*]children;' '    void *other, *children;' awaitable.h \
    EDDY_VERSION_MISMATCH
ok "the right header" gcc -I"$source/include" "$work/other.c" "$work"/lib/*.o -lpthread -o "$work/other" &&
    ok "it runs" "$work/other"
finish
