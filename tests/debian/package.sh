#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian packages: built by dpkg-buildpackage in a copy of the tree, which stays as it is; complete; installed, used by
# a program, by the command and by gdb, and purged. Installing needs root; others unpack them into a folder and use them there.
. "$(dirname "$0")/../install/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
source=${EDDY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
packages="libeddy0.1 libeddy-curl0.1 libeddy-http0.1 libeddy-jobs0.1 libeddy-nats0.1 libeddy-pg0.1 libeddy-redis0.1 libeddy-sqlite0.1 libeddy-dev eddy python3-eddyloop libeddy0.1-dbgsym"
checks=0
ok() { echo "ok  $1"; checks=$((checks + 1)); }

for package in $packages; do
    ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
        fail "$package is installed on this machine, and this test would replace it: remove it first"
done

# --- built ------------------------------------------------------------------------------------------------------------

mkdir "$scratch/eddy"
git -C "$source" ls-files -z --cached --others --exclude-standard |
    (cd "$source" && while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done) |
    tar -C "$source" --null -T - -c | tar -C "$scratch/eddy" -x
cd "$scratch/eddy"
version=$(dpkg-parsechangelog -S Version)
grep -q "version: '$version'" meson.build || fail "debian/changelog is of version $version, meson.build of another"
unset DESTDIR MAKEFLAGS CFLAGS
DEB_BUILD_OPTIONS="nocheck parallel=$(getconf _NPROCESSORS_ONLN)" quiet env -u CC dpkg-buildpackage -us -uc -b
! grep -E 'dpkg-gensymbols: warning|dh_missing: (warning|error)|dpkg-shlibdeps: warning' "$scratch/words" ||
    fail "dpkg-buildpackage warns"
ok "dpkg-buildpackage builds without a warning of its own"

cd "$scratch"
deb() { echo "$scratch/$1_${version}_$(dpkg --print-architecture).deb"; }
for package in $packages; do
    [ -f "$(deb "$package")" ] || fail "there is no package $package"
    dpkg-deb --contents "$(deb "$package")" | sed -E 's/^([^ ]+ +){5}\.//; s/ -> .*//' >"$scratch/$package.list"
done
# has PACKAGE PATTERN...: the package has a file for each pattern.
has() {
    for pattern in "${@:2}"; do
        grep -qxE "$pattern" "$scratch/$1.list" || fail "$1 lacks $pattern"
    done
}
lib="/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)"
has libeddy0.1 "$lib/libeddy.so.0.1" "$lib/libeddy.so.$version" "$lib/eddy-0.1/libeddy-tls.so" '/usr/share/doc/libeddy0.1/copyright'
has libeddy-curl0.1 "$lib/libeddy-curl.so.0.1"
has libeddy-http0.1 "$lib/libeddy-http.so.0.1"
has libeddy-pg0.1 "$lib/libeddy-pg.so.0.1"
has libeddy-jobs0.1 "$lib/libeddy-jobs.so.0.1"
has libeddy-nats0.1 "$lib/libeddy-nats.so.0.1"
has libeddy-redis0.1 "$lib/libeddy-redis.so.0.1"
has libeddy-sqlite0.1 "$lib/libeddy-sqlite.so.0.1"
has libeddy-dev '/usr/include/eddy.h' '/usr/include/eddy/keywords.h' "$lib/libeddy.so" "$lib/libeddy.a" \
    "$lib/pkgconfig/eddy.pc" "$lib/pkgconfig/eddy-curl.pc" "$lib/pkgconfig/eddy-http.pc" "$lib/pkgconfig/eddy-pg.pc" "$lib/pkgconfig/eddy-jobs.pc" "$lib/pkgconfig/eddy-nats.pc" "$lib/pkgconfig/eddy-redis.pc" "$lib/pkgconfig/eddy-sqlite.pc" "$lib/cmake/eddy/eddy-config.cmake" \
    '/usr/share/man/man3/eddy_lock.3.*' "/usr/share/gdb/auto-load$lib/libeddy.so.$version-gdb.py"
has python3-eddyloop '/usr/lib/python3/dist-packages/eddyloop/_core\.cpython-.*\.so' \
    '/usr/lib/python3/dist-packages/eddyloop/py\.typed'
has eddy '/usr/bin/eddy' '/usr/bin/eddy-jobs' '/usr/share/man/man1/eddy.1.*' '/usr/share/man/man1/eddy-jobs.1.*'
has libeddy0.1-dbgsym '/usr/lib/debug/.build-id/.*\.debug'
dpkg-deb --field "$(deb eddy)" Depends | grep -q "libeddy-dev (= $version)" || fail "eddy does not depend on libeddy-dev"
dpkg-deb --field "$(deb python3-eddyloop)" Depends | grep -q "libeddy0.1 (>=" || fail "python3-eddyloop does not depend on libeddy0.1"
dpkg-deb --field "$(deb python3-eddyloop)" Depends | grep -q "python3 (<<" || fail "python3-eddyloop is for any Python"
dpkg-deb --ctrl-tarfile "$(deb libeddy0.1)" | tar -t | grep -q '\./symbols' || fail "libeddy0.1 has no symbols file"
ok "each file is in its package"

. "$(dirname "$here")/install/hardened.sh"
for package in libeddy0.1 libeddy-curl0.1 libeddy-http0.1 libeddy-jobs0.1 libeddy-nats0.1 libeddy-pg0.1 libeddy-redis0.1 libeddy-sqlite0.1 eddy; do dpkg-deb --extract "$(deb "$package")" "$scratch/extracted"; done
hardened "$scratch/extracted$lib/libeddy.so.$version" "$scratch/extracted$lib/libeddy-curl.so.$version" "$scratch/extracted$lib/libeddy-http.so.$version" \
    "$scratch/extracted$lib/libeddy-pg.so.$version" "$scratch/extracted$lib/libeddy-jobs.so.$version" "$scratch/extracted$lib/libeddy-nats.so.$version" "$scratch/extracted$lib/libeddy-redis.so.$version" "$scratch/extracted$lib/libeddy-sqlite.so.$version" \
    "$scratch/extracted$lib/eddy-0.1/libeddy-tls.so" "$scratch/extracted/usr/bin/eddy"
fortified "$scratch/extracted$lib/libeddy.so.$version" "$scratch/extracted/usr/bin/eddy"
ok "libraries and command are hardened"

# --- used -------------------------------------------------------------------------------------------------------------

files=
for package in $packages; do files="$files $(deb "$package")"; done
if [ "$(id -u)" = 0 ]; then
    trap 'dpkg --purge $packages >/dev/null 2>&1; rm -rf "$scratch"' EXIT
    quiet dpkg --install $files
    root=
else
    root=$scratch/root
    for file in $files; do dpkg-deb --extract "$file" "$root"; done
    export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root$lib/pkgconfig LD_LIBRARY_PATH=$root$lib
fi
[ "$(pkg-config --modversion eddy)" = "$version" ] || fail "pkg-config finds another Eddy"
[ -f "$(pkg-config --variable=gdb_script eddy)" ] || [ -n "$root" ] || fail "eddy.pc names a gdb script that is not there"

$CC $flags -g "$scratch/hello.c" -o "$scratch/hello" $(pkg-config --cflags --libs eddy)
says "the program with the installed library" "$("$scratch/hello")"
used=$(ldd "$scratch/hello" | sed -nE 's/.*libeddy\.so\.0\.1 => ([^ ]*).*/\1/p')
[ "$(realpath "$used")" = "$(realpath "$root$lib/libeddy.so.0.1")" ] || fail "the program uses $used"
ok "a program compiled against the package runs"
$CC -std=gnu11 "$EDDY_SOURCE/tests/shared/tls.c" -o "$scratch/tls" $(pkg-config --cflags --libs eddy)
quiet "$scratch/tls" talk
ok "TLS is found by the installed library"
export EDDY_CACHE=$scratch/cache
says "the command" "$("$root/usr/bin/eddy" run "$scratch/hello.c")"
quiet "$root/usr/bin/eddy" doctor
ok "the command runs"
cat >"$scratch/answer.py" <<'PY'
import asyncio, eddyloop
async def answer():
    await asyncio.sleep(3600)
    return 42
print(eddyloop.run(answer()))
PY
says "the Python package" "$(cd "$scratch" && PYTHONPATH=${root:+$root/usr/lib/python3/dist-packages} EDDY_DRIVER=sim /usr/bin/python3 answer.py)"
ok "the Python package runs"
unset LD_LIBRARY_PATH
if [ -z "$root" ]; then
    ! dpkg --verify $packages 2>&1 | grep . || fail "dpkg finds changed files"
    quiet gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex 'break answer__body' -ex run -ex 'info eddy-tasks' \
        -ex 'eddy bt 1' "$scratch/hello"
    grep -qE '^1 +main_task-1 +running' "$scratch/words" ||
        { cat "$scratch/words" >&2; fail "gdb does not load the script of the package, or it does not work"; }
    ok "gdb loads the script by itself, with the debug information of its package"
    quiet dpkg --purge libeddy0.1-dbgsym
    gdb -q -nx -batch -iex 'set debuginfod enabled off' -ex 'break answer__body' -ex run -ex 'info eddy-tasks' "$scratch/hello" \
        >"$scratch/words" 2>&1 || true
    grep -q 'install it (libeddy0.1-dbgsym' "$scratch/words" ||
        { cat "$scratch/words" >&2; fail "without debug information gdb does not say what to install"; }
    ok "without it, it says what to install"
    quiet dpkg --purge python3-eddyloop eddy libeddy-dev libeddy-curl0.1 libeddy-http0.1 libeddy-jobs0.1 libeddy-nats0.1 libeddy-pg0.1 libeddy-redis0.1 libeddy-sqlite0.1 libeddy0.1
    for path in /usr/bin/eddy /usr/include/eddy.h /usr/include/eddy /usr/share/eddy "$lib"/libeddy* "$lib/eddy-0.1" \
        /usr/lib/python3/dist-packages/eddyloop; do
        [ ! -e "$path" ] || fail "purging leaves $path"
    done
    ok "purging leaves nothing"
fi
echo "$checks passed, 0 failed, 0 skipped"
