#!/bin/bash
# SPDX-License-Identifier: MIT
# What users' compilers will do: every test of the language and every example under each standard and both compilers,
# warnings as errors; <eddy.h> and its parts alone, in strict C and in C++. The last line is the tally.
. "$(dirname "$0")/lib.sh"
cd "$source" || exit 1

# good COMMAND...: one of thousands of checks: only failures are printed.
good() { ok "$*" "$@" >"$work/told" || cat "$work/told"; }

# refused WORDS COMMAND...: the command fails and says WORDS.
refused() {
    "${@:2}" >"$work/said" 2>&1 && return 1
    cat "$work/said"
    grep -q "$1" "$work/said"
}

curl=$(pkg-config --cflags libcurl)
ours="-Iinclude -Imodules/curl/include -Imodules/http/include -Imodules/pg/include -Imodules/jobs/include -Imodules/nats/include -Imodules/redis/include -Imodules/sqlite/include"
strict="-Wall -Wextra -Wshadow -Werror $ours $curl"

for compiler in gcc clang; do
    for standard in gnu11 gnu17 gnu2x; do
        for file in tests/language/*.c examples/*.c examples/notes/*.c; do
            # Those under another library's loop: tests/interop/test_hosts.py, where its headers are.
            ! grep -qE '^#include <(glib|uv|event2/event)\.h>' "$file" || continue
            # Some warnings come with optimisation only: one standard is compiled in full.
            [ $standard = gnu17 ] && how="-O2 -c -o /dev/null" || how=-fsyntax-only
            good $compiler -std=$standard $strict $how "$file"
        done
    done
done

# No header of ours warns, under warnings that few switch on, as a program's own or as an installed one.
fussy="-std=gnu11 -Wall -Wextra -Wshadow -Wpedantic -Wnested-externs -Wconversion -Wsign-conversion -Werror"
fussy_gcc="-Wduplicated-branches -Wduplicated-cond -Wlogical-op"
for compiler in gcc clang; do
    [ $compiler = gcc ] && more=$fussy_gcc || more=
    for include in -I -isystem; do
        for level in -O0 -O2; do
            good $compiler $fussy $more $level $include include -c -o /dev/null tests/portability/every_keyword.c
        done
        for header in include/eddy.h include/eddy/*.h; do
            echo "#include <${header#include/}>" >"$work/alone.c"
            good $compiler $fussy $more $include include -fsyntax-only "$work/alone.c"
        done
    done
done

# Each public header alone, first in a file: in GNU C; in strict C and in C++ those that are not of macros, which say so.
for header in include/eddy.h include/eddy/*.h modules/*/include/eddy/*.h; do
    name=${header#*include/}
    echo "#include <$name>" | tee "$work/alone.c" >"$work/alone.cpp"
    for compiler in gcc clang; do
        for standard in gnu11 gnu17 gnu2x; do
            good $compiler -std=$standard $strict -fsyntax-only "$work/alone.c"
        done
    done
    # What comes first must not break what comes later.
    printf '#include <%s>\n#include <eddy.h>\n#include <eddy/keywords.h>\n' "$name" >"$work/first.c"
    good gcc -std=gnu11 $strict -fsyntax-only "$work/first.c"
    printf '#define _GNU_SOURCE\n#include <stdio.h>\n#include <%s>\n#include <eddy/keywords.h>\n' "$name" >"$work/hard.c"
    good gcc -std=gnu11 $strict -O2 -D_FORTIFY_SOURCE=2 -fsyntax-only "$work/hard.c"
    good clang -std=gnu11 $strict -O2 -D_FORTIFY_SOURCE=2 -fsyntax-only "$work/hard.c"
    if grep -qE '^#include ("(\.\./)?(macros|eddy)\.h"|<eddy/macros\.h>)|define EDDY_MACROS_H' "$header"; then
        good refused 'Eddy need' gcc -std=c11 $ours -fsyntax-only "$work/alone.c"
        good refused 'for C' g++ -std=c++17 $ours -fsyntax-only "$work/alone.cpp"
        continue
    fi
    for compiler in gcc clang; do
        for standard in c11 c17 c2x; do
            good $compiler -std=$standard $strict -Wpedantic -fsyntax-only "$work/alone.c"
        done
    done
    for compiler in g++ clang++; do
        for standard in c++11 c++17 c++20; do
            # In C++, -Wshadow tells of each struct that bears its constructor's name, as struct stat does.
            good $compiler -std=$standard $strict -Wno-shadow -Wpedantic -fsyntax-only "$work/alone.cpp"
        done
    done
done
printf '#include <eddy.h>\neddy_async(int, f) { return 0; }\n' >"$work/alone.c"
good refused 'need GNU C' gcc -std=c11 -Iinclude -fsyntax-only "$work/alone.c"

finish
