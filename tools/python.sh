#!/bin/bash
# SPDX-License-Identifier: MIT
# The Python package eddyloop (python/): builds, tests, packs and measures it, for the interpreter PYTHON (/usr/bin/python3).
#
#   tools/python.sh build               into build-python/VERSION/site, against the library of build/
#   tools/python.sh test [ARGUMENT...]  builds, then python/tests/run.py; the arguments go to it
#   tools/python.sh wheel               build-python/dist/eddyloop-*.whl, which has the library inside, but no OpenSSL
#   tools/python.sh bench [ARGUMENT...] python/bench/bench.py beside asyncio and uvloop
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
PYTHON=${PYTHON:-/usr/bin/python3}
top=$PWD

# package LIBRARY [OPTION...]: builds the package against the library of a build folder; sets `site`.
package() {
    local library=$top/$1 version folder
    version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    folder=build-python/$version-$1
    site=$top/$folder/site
    mkdir -p "$folder"
    [ -f "$folder/meson/build.ninja" ] || PKG_CONFIG_PATH=$library/meson-uninstalled LDFLAGS="-Wl,-rpath,$library" \
        quietly meson setup "$folder/meson" python "-Dpython=$PYTHON" "--prefix=$top/$folder" \
        "-Dpython.platlibdir=$site" "-Dpython.purelibdir=$site" "${@:2}"
    quietly meson install -C "$folder/meson"
}

# library FOLDER: brings the library of a configured folder up to date, and nothing else.
library() {
    local version
    version=$(sed -nE "s/^    version: '(.*)',/\1/p" meson.build)
    ninja -C "$1" "libeddy.so.$version" >/dev/null
}

# The library for the wheel, without OpenSSL, as one object in which what is not public is local: so no name of the extension
# can meet one of Eddy's own. Sets `closed`, the folder for pkg-config.
closed_library() {
    folder=build-wheel
    CC=gcc configure_folder -Dtls=disabled $without_modules -Dtests=disabled -Dman=disabled -During=enabled
    quietly ninja -C $folder libeddy.a
    closed=$top/$folder/closed
    mkdir -p "$closed"
    ld -r --whole-archive $folder/libeddy.a -o "$closed/eddy.o"
    objcopy --localize-hidden "$closed/eddy.o"
    rm -f "$closed/libeddy.a"
    ar rcs "$closed/libeddy.a" "$closed/eddy.o"
    sed "s|^Libs: .*|Libs: -L$closed -leddy|" $folder/meson-uninstalled/eddy-uninstalled.pc >"$closed/eddy.pc"
}

case ${1:-build} in
build)
    tools/need.sh $need_to_build $need_for_python_build
    [ -f build/build.ninja ] || tools/build.sh
    library build
    package build
    echo "PYTHONPATH=$site"
    ;;
test)
    tools/need.sh $need_to_build $need_for_python
    [ -f build/build.ninja ] || tools/build.sh
    library build
    package build
    EDDY_SOURCE=$top EDDY_BUILD=${EDDY_BUILD:-$top/build} PYTHONPATH=$site exec "$PYTHON" python/tests/run.py "${@:2}"
    ;;
wheel)
    tools/need.sh $need_to_build $need_for_python_build
    closed_library
    rm -rf build-python/dist
    PKG_CONFIG_PATH=$closed "$PYTHON" -m pip --disable-pip-version-check wheel --quiet \
        --no-build-isolation --no-deps --no-index --wheel-dir build-python/dist \
        --config-settings=setup-args=-Dstatic=true ./python
    ls build-python/dist/*.whl
    ;;
bench)
    tools/need.sh $need_to_build $need_for_python_build $need_for_python_bench
    configure_bench
    library "$bench_folder"
    package "$bench_folder"
    PYTHONPATH=$site exec "$PYTHON" python/bench/bench.py "${@:2}"
    ;;
*)
    echo "python.sh: unknown part '$1': use build, test, wheel or bench" >&2
    exit 2
    ;;
esac
