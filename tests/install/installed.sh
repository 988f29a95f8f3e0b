#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs into a folder of its own, then builds and runs a program as a user would: through pkg-config with the shared and
# the static library, through Meson, through CMake, and through the installed command. Uninstalling leaves no file behind.
. "$(dirname "$0")/lib.sh"
root=$scratch/root
export DESTDIR=$root

# The build folder of the tree is installed by the two commands; others by what they call.
if [ "$EDDY_BUILD" = "$EDDY_SOURCE/build" ]; then
    install() { make -s -C "$EDDY_SOURCE" install; }
    uninstall() { make -s -C "$EDDY_SOURCE" uninstall; }
else
    install() { meson install -C "$EDDY_BUILD" --no-rebuild; }
    uninstall() { ninja -C "$EDDY_BUILD" uninstall; }
fi

quiet install
prefix=$(dirname "$(dirname "$(find "$root" -path '*/bin/eddy')")")
pc=$(find "$root" -name eddy.pc)
[ -n "$pc" ] || fail "no eddy.pc was installed"
export PKG_CONFIG_PATH=${pc%/eddy.pc} PKG_CONFIG_SYSROOT_DIR=$root
library=$(dirname "$(find "$root" -name libeddy.a)")
export LD_LIBRARY_PATH=$library

# --- names ------------------------------------------------------------------------------------------------------------

version=$(pkg-config --modversion eddy)
for name in eddy ${has_curl:=$(find "$library" -name libeddy-curl.a -printf eddy-curl)} \
    ${has_http:=$(find "$library" -name libeddy-http.a -printf eddy-http)} \
    ${has_pg:=$(find "$library" -name libeddy-pg.a -printf eddy-pg)} \
    ${has_jobs:=$(find "$library" -name libeddy-jobs.a -printf eddy-jobs)} \
    ${has_nats:=$(find "$library" -name libeddy-nats.a -printf eddy-nats)} \
    ${has_redis:=$(find "$library" -name libeddy-redis.a -printf eddy-redis)} \
    ${has_sqlite:=$(find "$library" -name libeddy-sqlite.a -printf eddy-sqlite)}; do
    [ -f "$library/lib$name.so.$version" ] || fail "lib$name.so.$version was not installed"
    for link in "lib$name.so" "lib$name.so.0.1"; do
        [ "$(basename "$(readlink -f "$library/$link")")" = "lib$name.so.$version" ] || fail "$link leads elsewhere"
    done
    readelf -d "$library/lib$name.so" | grep -q "soname: \[lib$name\.so\.0\.1\]" || fail "the soname of lib$name is not lib$name.so.0.1"
done
tls=$(find "$library/eddy-0.1" -name libeddy-tls.so)
man=$(find "$root" -name 'eddy.1*')
[ -n "$man" ] || fail "no manual page eddy.1 was installed"
for page in eddy_lock_acquire.3 EDDY_QUEUE_SHUT_DOWN.3 await.3eddy; do # a link, a link, a word that others may have
    [ -f "$(dirname "$(dirname "$man")")/man3/$page" ] || fail "no manual page $page was installed"
done

# --- hardened ---------------------------------------------------------------------------------------------------------

. "$(dirname "$0")/hardened.sh"
if [ "$EDDY_BUILD" = "$EDDY_SOURCE/build" ]; then # others may be sanitized
    hardened "$library/libeddy.so" "$prefix/bin/eddy" ${has_curl:+"$library/libeddy-curl.so"} ${has_http:+"$library/libeddy-http.so"} \
        ${has_pg:+"$library/libeddy-pg.so"} ${has_jobs:+"$library/libeddy-jobs.so"} ${has_nats:+"$library/libeddy-nats.so"} ${has_redis:+"$library/libeddy-redis.so"} ${has_sqlite:+"$library/libeddy-sqlite.so"} ${tls:+"$tls"}
    fortified "$library/libeddy.so" "$prefix/bin/eddy"
fi

# --- pkg-config -------------------------------------------------------------------------------------------------------

$CC $flags "$scratch/hello.c" -o "$scratch/shared" $(pkg-config --cflags --libs eddy)
says "the program with the shared library" "$("$scratch/shared")"
readelf -V "$scratch/shared" | grep -q 'Name: EDDY_0\.1' || fail "the program does not say that it needs EDDY_0.1"
readelf -d "$scratch/shared" | grep -q 'NEEDED.*\[libeddy\.so\.0\.1\]' || fail "the program does not need libeddy.so.0.1"

if [ -n "$tls" ]; then
    $CC -std=gnu11 "$EDDY_SOURCE/tests/shared/tls.c" -o "$scratch/tls" $(pkg-config --cflags --libs eddy)
    quiet "$scratch/tls" talk
fi

# Everything static: what the library needs must stand in Libs.private. (libc warns of getaddrinfo in such programs.)
$CC $flags "$scratch/hello.c" -o "$scratch/static" -static $(pkg-config --cflags --libs --static eddy) 2>"$scratch/words" ||
    { cat "$scratch/words" >&2; fail "a static program does not link with pkg-config --static"; }
says "the static program" "$("$scratch/static")"
$CC $flags $(pkg-config --cflags eddy) "$scratch/hello.c" -o "$scratch/half" -Wl,-Bstatic -leddy -Wl,-Bdynamic \
    $(pkg-config --libs --static eddy | sed 's/-leddy//')
says "the program with the static library" "$(LD_LIBRARY_PATH='' "$scratch/half")"

case $(pkg-config --cflags eddy) in
*-fstack-clash-protection*) ;;
*) fail "eddy.pc lacks -fstack-clash-protection: a large frame could jump over the stack's guard" ;;
esac

# --- Meson ------------------------------------------------------------------------------------------------------------

mkdir "$scratch/meson"
cp "$scratch/hello.c" "$scratch/meson"
cat >"$scratch/meson/meson.build" <<'MESON'
project('hello', 'c', default_options: ['c_std=gnu11', 'warning_level=2', 'werror=true'])
executable('shared', 'hello.c', dependencies: dependency('eddy', version: '>= 0.1'))
executable('static', 'hello.c', dependencies: dependency('eddy', static: true))
MESON
(unset DESTDIR; quiet meson setup "$scratch/meson/build" "$scratch/meson"; quiet ninja -C "$scratch/meson/build")
says "Meson's program" "$("$scratch/meson/build/shared")"
says "Meson's program with the static library" "$(LD_LIBRARY_PATH='' "$scratch/meson/build/static")"

# --- CMake ------------------------------------------------------------------------------------------------------------

mkdir "$scratch/cmake"
cp "$scratch/hello.c" "$scratch/cmake"
cat >"$scratch/cmake/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(hello C)
find_package(Eddy ${wanted} REQUIRED)
foreach(kind eddy eddy-static)
    add_executable(with-${kind} hello.c)
    target_link_libraries(with-${kind} Eddy::${kind})
    target_compile_options(with-${kind} PRIVATE -Wall -Wextra -Werror)
endforeach()
CMAKE
# The libraries that Eddy needs are this system's: what pkg-config says of them is not below $root.
find_package() { env -u PKG_CONFIG_SYSROOT_DIR cmake -S "$scratch/cmake" -B "$scratch/cmake/$1" "-DCMAKE_PREFIX_PATH=$prefix" "-Dwanted=$2"; }

quiet find_package build 0.1
quiet make -C "$scratch/cmake/build" VERBOSE=1
grep -q fstack-clash-protection "$scratch/words" || fail "CMake's program is compiled without -fstack-clash-protection"
says "CMake's program" "$("$scratch/cmake/build/with-eddy")"
says "CMake's program with the static library" "$(LD_LIBRARY_PATH='' "$scratch/cmake/build/with-eddy-static")"
[ -z "$has_curl" ] || quiet find_package curl "0.1;COMPONENTS;curl"
[ -z "$has_http" ] || quiet find_package http "0.1;COMPONENTS;http"
[ -z "$has_pg" ] || quiet find_package pg "0.1;COMPONENTS;pg"
[ -z "$has_jobs" ] || quiet find_package jobs "0.1;COMPONENTS;jobs"
[ -z "$has_nats" ] || quiet find_package nats "0.1;COMPONENTS;nats"
[ -z "$has_redis" ] || quiet find_package redis "0.1;COMPONENTS;redis"
[ -z "$has_sqlite" ] || quiet find_package sqlite "0.1;COMPONENTS;sqlite"
for wanted in 0.0 0.2 1 "0.0.1...<0.1.0" "0.1;COMPONENTS;wings"; do
    if find_package "refused" "$wanted" >"$scratch/words" 2>&1; then
        fail "CMake takes Eddy $version for $wanted"
    fi
    grep -q "Eddy" "$scratch/words" || { cat "$scratch/words" >&2; fail "CMake refuses $wanted for another reason"; }
done
quiet find_package range "0.1...0.3"

# --- the command ------------------------------------------------------------------------------------------------------

unset LD_LIBRARY_PATH
export EDDY_CACHE=$scratch/cache
says "eddy run" "$("$prefix/bin/eddy" run "$scratch/hello.c")"
for command in tour doctor; do
    quiet "$prefix/bin/eddy" $command </dev/null
done

# The manual page names each command, and each option and variable that its help names.
for command in $("$prefix/bin/eddy" help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
    grep -qE "^\.(Cm|Nm|Ss).* $command\$|^\.Cm $command\$" "$man" || fail "docs/eddy.1 lacks the command 'eddy $command'"
    [ "$command" = help ] && continue
    for option in $("$prefix/bin/eddy" help "$command" | grep -oE '(^|[[ ])--[a-z]+' | tr -d '[ ' | sort -u); do
        grep -q "Fl -${option#--}" "$man" || [ "$option" = --port ] || fail "docs/eddy.1 lacks 'eddy $command $option'"
    done
    for variable in $("$prefix/bin/eddy" help "$command" | sed -nE '/^environment/,/^$/s/^  ([A-Z_]+) .*/\1/p'); do
        grep -q "^\.It Ev $variable" "$man" || fail "docs/eddy.1 lacks the variable $variable of 'eddy $command'"
    done
done

# Compilers drop warnings from headers in a system folder: those about dropped handles must survive.
sed 's/printf(.*/spawn(answer(6, 7));/' "$scratch/hello.c" >"$scratch/dropped.c"
if $CC $flags -isystem "$prefix/include" -c "$scratch/dropped.c" -o "$scratch/dropped.o" 2>"$scratch/words"; then
    fail "a dropped handle gave no warning with the headers in a system folder"
fi
grep -q 'warn_unused_result\|unused-result' "$scratch/words" || { cat "$scratch/words" >&2; fail "other words for a dropped handle"; }

# --- the end ----------------------------------------------------------------------------------------------------------

quiet uninstall
left=$([ ! -d "$root" ] || find "$root" -type f -o -type l)
[ -z "$left" ] || fail "uninstalling left behind: $left"
