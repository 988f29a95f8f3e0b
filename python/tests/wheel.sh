#!/bin/bash
# SPDX-License-Identifier: MIT
# `make wheel`, and the wheel in an environment that has nothing else; then pip against the library that pkg-config finds, in an
# environment with the system's packages, as a user without a network would do it.
set -eu
source=${EDDY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
library=${EDDY_BUILD:-$source/build}
PYTHON=${PYTHON:-/usr/bin/python3}
unset PYTHONPATH EDDY_DRIVER
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INDEX=1
checks=0
ok() { echo "ok  $1"; checks=$((checks + 1)); }
fail() { echo "wheel.sh: $*" >&2; exit 1; }

cat >"$scratch/program.py" <<'PY'
import asyncio, eddyloop, sys
async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(lambda reader, writer: writer.write(b'hello') or writer.close(), '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    print((await reader.read()).decode(), loop.eddy_driver)
    writer.close()
    server.close()
for driver in ('epoll', 'uring'):
    with asyncio.Runner(loop_factory=lambda: eddyloop.Loop(driver=driver)) as runner:
        runner.run(main())
PY
runs() { [ "$(cd "$scratch" && "$1/bin/python" program.py 2>&1)" = "hello epoll
hello uring" ] || fail "the program prints something else in $1: $(cd "$scratch" && "$1/bin/python" program.py 2>&1)"; }

(cd "$source" && tools/python.sh wheel) >"$scratch/words" 2>&1 || { cat "$scratch/words" >&2; fail "make wheel failed"; }
wheel=$(ls "$source"/build-python/dist/eddyloop-*.whl)
"$PYTHON" -m venv "$scratch/clean"
"$scratch/clean/bin/pip" install --quiet "$wheel"
extension=$(ls "$scratch"/clean/lib/python*/site-packages/eddyloop/_core.*.so)
! readelf -d "$extension" | grep -E 'NEEDED.*(eddy|uring|ssl|crypto)|R(UN)?PATH' || fail "the wheel needs what is not inside"
ok "the wheel has the library and liburing inside, and no OpenSSL"
runs "$scratch/clean"
ok "it runs in an environment that has nothing else"
"$scratch/clean/bin/python" -m eddyloop doctor >"$scratch/words"
grep -q '^uring: ' "$scratch/words" || fail "the doctor says nothing of io_uring"
[ -f "$scratch"/clean/lib/python*/site-packages/eddyloop/py.typed ] || fail "the wheel has no py.typed"
ok "the doctor speaks; types are there"

"$PYTHON" -m venv --system-site-packages "$scratch/system"
cp -r "$source/python" "$scratch/package"
(cd "$scratch/package" && PKG_CONFIG_PATH=$library/meson-uninstalled LDFLAGS=-Wl,-rpath,$library \
    "$scratch/system/bin/pip" install --quiet --no-build-isolation .) || fail "pip install --no-build-isolation . failed"
extension=$(ls "$scratch"/system/lib/python*/site-packages/eddyloop/_core.*.so)
readelf -d "$extension" | grep -q 'NEEDED.*libeddy\.so' || fail "the extension is not linked with libeddy.so"
runs "$scratch/system"
ok "pip builds it against the library that pkg-config finds"
echo "$checks passed, 0 failed, 0 skipped"
