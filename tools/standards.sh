#!/bin/bash
# SPDX-License-Identifier: MIT
# What users' compilers will do: every test of the language and every example under each standard and both compilers,
# warnings as errors; <eddy.h> and its parts alone and from C++; the whole library by one command, without Meson.
# The last line is the tally.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C

ok() {
    if "$@" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $*"
        head -n 8 "$scratch/log"
    fi
}

curl=$(pkg-config --cflags libcurl)
strict="-Wall -Wextra -Wshadow -Werror -Iinclude -Imodules/curl/include $curl"

for compiler in gcc clang; do
    for standard in gnu11 gnu17 gnu2x; do
        for source in tests/language/*.c examples/*.c examples/notes/*.c; do
            # Some warnings come with optimisation only: one standard is compiled in full.
            [ $standard = gnu17 ] && how="-O2 -c -o /dev/null" || how=-fsyntax-only
            [ -e "$source" ] && ok $compiler -std=$standard $strict $how "$source"
        done
    done
done

for header in include/eddy.h include/eddy/*.h; do
    name=${header#include/}
    echo "#include <$name>" >"$scratch/alone.c"
    ok gcc -std=gnu11 $strict -fsyntax-only "$scratch/alone.c"
done
echo '#include <eddy.h>' >"$scratch/alone.cpp"
for compiler in g++ clang++; do
    for standard in c++11 c++17 c++20; do
        ok $compiler -std=$standard -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$scratch/alone.cpp"
    done
done

# src/*/*.c contains the command, so the outcome is the command.
ok cc -Iinclude -Isrc src/*/*.c -lpthread -o "$scratch/eddy"
ok "$scratch/eddy" --version

echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
