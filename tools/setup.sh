# SPDX-License-Identifier: MIT
# Read by the other scripts (`. tools/setup.sh`): what they need, and how a folder is built.

# Arguments of tools/need.sh.
need_to_build="gcc=cmd:gcc libc6-dev=file:/usr/include/stdio.h meson=cmd:meson ninja-build=cmd:ninja
    pkg-config=cmd:pkg-config python3=cmd:python3 liburing-dev=pc:liburing libssl-dev=pc:openssl"
need_for_curl="libcurl4-openssl-dev=pc:libcurl libsqlite3-dev=pc:sqlite3
    zlib1g-dev=pc:zlib libcbor-dev=pc:libcbor libwslay-dev=file:/usr/include/wslay/wslay.h libpq-dev=pc:libpq"
need_for_tests="libcmocka-dev=pc:cmocka"
need_for_man="lowdown=cmd:lowdown"
need_for_docs="mkdocs=cmd:mkdocs mkdocs-material=deb"
need_for_site="$need_for_man $need_for_docs chromium=cmd:chromium chromium-driver=cmd:chromedriver"
need_for_check="g++=cmd:g++ clang=cmd:clang llvm=cmd:llvm-ar lld=cmd:ld.lld
    libclang-rt-dev=file:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.asan-*.a
    libcbor-dev=pc:libcbor valgrind=cmd:valgrind libc6-dbg=deb openssl=cmd:openssl nginx-light=cmd:nginx"
need_for_portability="musl-tools=cmd:musl-gcc qemu-user=cmd:qemu-aarch64 gcc-aarch64-linux-gnu=cmd:aarch64-linux-gnu-gcc
    libc6-dev-arm64-cross=file:/usr/aarch64-linux-gnu/include/stdio.h gdb=cmd:gdb binutils=cmd:readelf"
need_for_flags=$need_for_portability need_for_musl=$need_for_portability need_for_aarch64=$need_for_portability
need_for_interop="curl=cmd:curl socat=cmd:socat redis-server=cmd:redis-server wrk=cmd:wrk nginx-light=cmd:nginx
    libglib2.0-dev=pc:glib-2.0 libuv1-dev=pc:libuv libevent-dev=pc:libevent_core"
need_for_modules="libcbor-dev=pc:libcbor nats-server=cmd:nats-server libsodium23=deb redis-server=cmd:redis-server openssl=cmd:openssl curl=cmd:curl wrk=cmd:wrk nginx-light=cmd:nginx
    postgresql=file:/usr/lib/postgresql/*/bin/postgres"
need_for_debugger="gdb=cmd:gdb binutils=cmd:objcopy"
need_for_debian="debhelper=deb dpkg-dev=deb fakeroot=cmd:fakeroot meson=deb pkg-config=deb liburing-dev=deb
    libssl-dev=deb libcurl4-openssl-dev=deb libsqlite3-dev=deb libcbor-dev=deb libpq-dev=deb zlib1g-dev=deb libwslay-dev=deb lowdown=deb git=cmd:git gdb=cmd:gdb
    dh-python=deb python3-dev=deb"
need_for_install="$need_for_man cmake=cmd:cmake binutils=cmd:readelf abigail-tools=cmd:abidw dpkg-dev=cmd:dpkg-source git=cmd:git"
need_for_python_build="python3-dev=file:/usr/include/python3*/Python.h python3-mesonpy=deb python3-pip=deb python3-venv=deb"
need_for_python="$need_for_python_build libpython3.11-testsuite=file:/usr/lib/python3*/test/test_asyncio python3-pytest=deb python3-pytest-asyncio=deb
    python3-aiohttp=deb python3-uvicorn=deb python3-starlette=deb python3-fastapi=deb python3-websockets=deb python3-asyncpg=deb
    python3-gunicorn=deb python3-redis=deb python3-anyio=deb python3-httpx=deb redis-server=cmd:redis-server postgresql=file:/usr/lib/postgresql/*/bin/postgres"
need_for_python_bench="python3-uvloop=file:/usr/lib/python3/dist-packages/uvloop python3-uvicorn=deb python3-httptools=deb
    python3-fastapi=deb python3-aiohttp=deb"

need_for_bench_jobs="python3-celery=deb python3-redis=deb"
need_for_bench_modules="libhiredis-dev=pc:hiredis libev-dev=file:/usr/include/ev.h python3-asyncpg=deb"
need_for_bench="g++=cmd:g++ libst-dev=file:/usr/include/st.h libev-dev=file:/usr/include/ev.h libuv1-dev=pc:libuv libevent-dev=pc:libevent_core
    libboost-context1.81-dev=file:/usr/include/boost/context/fiber.hpp golang-go=cmd:go cargo=file:/usr/bin/cargo
    librust-tokio-dev=file:/usr/share/cargo/registry/tokio-1* python3-uvloop=file:/usr/lib/python3/dist-packages/uvloop"

# Options of a folder in which only the library is of interest.
without_modules="-Dcurl=disabled -Dhttp=disabled -Dpg=disabled -Djobs=disabled -Dnats=disabled -Dredis=disabled -Dsqlite=disabled"

# quietly COMMAND...: shows what it writes only if it fails; otherwise the compiler's warnings in it.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    sed -n '/warning:/,/^\[/p' "$log" | sed '/^\[/d' >&2
    rm -f "$log"
}

# build_folder FOLDER OPTION...: configures FOLDER (again only if the options differ) and builds it.
build_folder() {
    folder=$1
    shift
    configure_folder "$@" && quietly ninja -C "$folder"
}

configure_folder() {
    local again
    # A folder that was copied or moved contains the paths of the other place.
    if [ -f "$folder/build.ninja" ] && ! grep -qsF "\"build\": \"$(realpath "$folder")\"" "$folder/meson-info/meson-info.json"; then
        echo "$folder was set up at another place: beginning anew"
        rm -rf "$folder"
    fi
    [ ! -f "$folder/build.ninja" ] || [ "$(cat "$folder/options" 2>/dev/null)" != "$*" ] || return 0
    echo "Setting up $folder"
    # The remains of a failed set-up would be in the way.
    [ -f "$folder/build.ninja" ] && again=--reconfigure || { again=; rm -rf "$folder"; }
    quietly meson setup $again "$folder" "$@" || return 1
    echo "$*" >"$folder/options"
}

# What users get: the flags of `make install`, with only the parts that the benchmarks need.
# configure_bench [FOLDER [COMPILER]]
# DWARF 4, since Debian 12's Valgrind gives up on the 5 that its clang writes.
bench_folder=build-bench
configure_bench() {
    folder=${1:-$bench_folder}
    CC=${2:-gcc} configure_folder -Dbench=true -Dtests=disabled $without_modules -Dc_args=-gdwarf-4
}
