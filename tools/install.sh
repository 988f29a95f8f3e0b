#!/bin/sh
# SPDX-License-Identifier: MIT
# `make install` and `make uninstall` of what build/ holds; with DESTDIR, below that folder.
#
#   tools/install.sh [uninstall]
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
# Without lowdown no man pages are installed.
if tools/need.sh $need_for_man; then
    tools/build.sh man
else
    echo "install.sh: without lowdown there are no man pages" >&2
    tools/build.sh
fi

# Removes what an installation would put there, and the folders of ours that are empty then; not what the last one did put
# there, which may have been elsewhere.
uninstall() {
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    DESTDIR=$copy meson install -C build --no-rebuild --quiet
    (cd "$copy" && find . -type f -o -type l) | while IFS= read -r path; do
        rm -f "${DESTDIR-}/${path#./}"
    done
    (cd "$copy" && find . -depth -type d -path '*eddy*') | while IFS= read -r path; do
        rmdir "${DESTDIR-}/${path#./}" 2>/dev/null || true
    done
}

case ${1-} in
'') meson install -C build --no-rebuild ;;
uninstall) uninstall ;;
*) echo "install.sh: '$1'? nothing, or uninstall" >&2; exit 2 ;;
esac

# The dynamic linker finds a library in a system folder only after its cache is updated.
if [ -z "${DESTDIR-}" ] && [ "$(id -u)" = 0 ]; then
    PATH=$PATH:/usr/sbin:/sbin ldconfig
fi
