#!/bin/bash
# SPDX-License-Identifier: MIT
# A release of what is committed: the tarball, its checksums, the list of its files by SPDX, the section of the changelog and
# the Debian source package. The same commit gives the same bytes.
#
#   tools/release.sh VERSION [--unchecked] [FOLDER]     FOLDER: build-release if none is given
#
# Before it: `version` in meson.build, a dated section in CHANGELOG.md, debian/changelog, abi/ (tools/abi.sh write). Without
# --unchecked it runs `make test` and `make check`. EDDY_BUILD is the folder whose library is compared with the last release.
set -eu -o pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
version=${1:?"usage: tools/release.sh VERSION [--unchecked] [FOLDER]"}
checked=yes
[ "${2:-}" != --unchecked ] || { checked=no; shift; }
folder=$(realpath -m "${2:-build-release}")
name=eddy-$version
die() { echo "release.sh: $*" >&2; exit 1; }

section() { awk -v head="## [$version]" 'index($0, head) == 1 { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md; }

check_tree() {
    [ -z "$(git status --porcelain)" ] || die "what is not committed would not be in it: see git status"
    grep -q "^    version: '$version'," meson.build || die "meson.build has another version"
    grep -qE "^## \[$version\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$" CHANGELOG.md || die "CHANGELOG.md has no dated section $version"
    [ "$(dpkg-parsechangelog -S Version)" = "$version" ] || die "debian/changelog is of another version"
    if [ $checked = yes ]; then
        CI=true make test check || die "the tests failed"
    fi
    tools/abi.sh check "${EDDY_BUILD:-build}/libeddy.so" || die "an incompatible library needs another minor version"
    tools/abi.sh write "${EDDY_BUILD:-build}/libeddy.so"
    [ -z "$(git status --porcelain abi)" ] || die "abi/ was written for this release: commit it, then run this again"
}

# The list of files by SPDX, of the unpacked tarball: what a file does not say of its licence LICENSE says.
spdx() {
    local sum
    for sum in sha1 sha256; do xargs -0 ${sum}sum <"$scratch/files" >"$scratch/$sum"; done
    xargs -0 grep -l "SPDX-License-Identifier: MIT" <"$scratch/files" >"$scratch/says"
    cat <<SPDX
SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: $name
DocumentNamespace: https://eddy.invalid/spdx/$name-$(git rev-parse HEAD)
Creator: Tool: tools/release.sh
Created: $(git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Package

PackageName: eddy
SPDXID: SPDXRef-Package
PackageVersion: $version
PackageFileName: $name.tar.gz
PackageDownloadLocation: NOASSERTION
PackageVerificationCode: $(cut -d' ' -f1 "$scratch/sha1" | sort | tr -d '\n' | sha1sum | cut -d' ' -f1)
PackageLicenseConcluded: MIT
PackageLicenseInfoFromFiles: MIT
PackageLicenseDeclared: MIT
PackageCopyrightText: NOASSERTION
SPDX
    paste -d' ' "$scratch/sha1" "$scratch/sha256" | awk -v says="$scratch/says" '
        BEGIN { while ((getline file < says) > 0) mit[file] = 1 }
        {
            printf "\nFileName: %s\nSPDXID: SPDXRef-File-%d\nFileChecksum: SHA1: %s\nFileChecksum: SHA256: %s\n", $2, NR, $1, $3
            printf "LicenseConcluded: MIT\nLicenseInfoInFile: %s\nFileCopyrightText: NOASSERTION\n", $2 in mit ? "MIT" : "NONE"
        }'
}

check_tree
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rm -rf "$folder"
mkdir -p "$folder"
section >"$folder/$name.changes.md"
git -c tar.umask=0022 archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$folder/$name.tar.gz"
tar -C "$scratch" -xzf "$folder/$name.tar.gz"
(cd "$scratch/$name" && find . -type f -print0 | sort -z) >"$scratch/files"
(here=$PWD && cd "$scratch/$name" && export GIT_DIR="$here/.git" && spdx) >"$folder/$name.spdx"
(cd "$folder" && dpkg-source --build "$scratch/$name" >/dev/null)
(cd "$folder" && sha256sum -- * >SHA256SUMS)
echo "$folder holds: $(ls "$folder" | tr '\n' ' ')"
