#!/bin/bash
# SPDX-License-Identifier: MIT
# tools/release.sh in a clone, without the checks: it refuses what is not ready; two clones give the same bytes; the checksums
# are right; the list names each file; Debian's tools unpack the source package.
. "$(dirname "$0")/lib.sh"
unset MAKEFLAGS
export EDDY_BUILD HOME=$scratch GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=eddy GIT_AUTHOR_EMAIL=eddy@eddy.invalid GIT_AUTHOR_DATE="2026-01-02T03:04:05Z"
export GIT_COMMITTER_NAME=eddy GIT_COMMITTER_EMAIL=eddy@eddy.invalid GIT_COMMITTER_DATE="2026-01-02T03:04:05Z"
version=$(sed -n "s/^    version: '\(.*\)',/\1/p" "$EDDY_SOURCE/meson.build")

# The tree as it is, which need not be a commit, nor of git.
mkdir "$scratch/one"
cd "$scratch/one"
tar -C "$EDDY_SOURCE" --exclude='./build*' --exclude=./.git -c . | tar -x
git init -q -b main .
git add -A
git commit -q -m everything
git clean -q -f -d -X # what is ignored, such as a file that pip leaves in python/, is in no release
commit() { git commit -q -a --amend --no-edit; }
refuses() {
    ! tools/release.sh "$version" --unchecked "$scratch/out" >"$scratch/said" 2>&1 || fail "it releases $1"
    grep -q "$2" "$scratch/said" || { cat "$scratch/said" >&2; fail "it does not say \"$2\""; }
}

sed -i "s/^\(## \[$version\]\) - .*/\1 - unreleased/" CHANGELOG.md
git add -A && commit
refuses "what has no date" "no dated section $version"
sed -i "s/^\(## \[$version\]\) - .*/\1 - 2026-01-02/" CHANGELOG.md
refuses "what is not committed" "what is not committed"
commit
refuses "without the library's description" "abi/ was written for this release"
git add -A && commit
quiet tools/release.sh "$version" --unchecked "$scratch/out"
! tools/release.sh 99.9.9 --unchecked "$scratch/other" 2>/dev/null || fail "it releases another version than meson.build's"

cd "$scratch"
git clone -q one two
quiet two/tools/release.sh "$version" --unchecked "$scratch/again"
quiet diff -r out again

cd out
quiet sha256sum --check SHA256SUMS
[ "$(wc -l <SHA256SUMS)" = $(($(ls | wc -l) - 1)) ] || fail "SHA256SUMS lacks a file"
[ "$(grep -c '^FileName: ' "eddy-$version.spdx")" = "$(git -C ../one ls-files | wc -l)" ] || fail "the list lacks files"
tar -C "$scratch" -xzf "eddy-$version.tar.gz"
awk '/^FileName: / { file = $2 } /^FileChecksum: SHA256: / { print $3 "  " file }' "eddy-$version.spdx" >"$scratch/sums"
(cd "$scratch/eddy-$version" && quiet sha256sum --check "$scratch/sums")
grep -q '^### Added' "eddy-$version.changes.md" || fail "the changelog's section is not there"
quiet dpkg-source --require-strong-checksums -x "eddy_$version.dsc" "$scratch/unpacked"
quiet diff -r --exclude=".git*" "$scratch/one" "$scratch/unpacked"
