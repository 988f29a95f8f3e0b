# SPDX-License-Identifier: MIT
# Read by the scripts of this folder (`. "$(dirname "$0")/lib.sh"`): builds of the library by compiler and flags alone,
# without Meson, in a temporary folder; one line a check; the tally at the end.
set -u
source=${EDDY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
passed=0 failed=0 skipped=0
processors=$(getconf _NPROCESSORS_ONLN)

# has COMMAND...: whether all of them are there.
has() {
    local name
    for name in "$@"; do command -v "$name" >/dev/null 2>&1 || return 1; done
}

skip() { echo "skip  $1: $2"; skipped=$((skipped + 1)); }

# ok NAME COMMAND...: one check; what the command prints is shown if it fails.
ok() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok    $name"
        passed=$((passed + 1))
    else
        echo "FAIL  $name"
        sed 's/^/      /' "$work/log" | head -n 20
        failed=$((failed + 1))
        return 1
    fi
}

# A program that says nothing wants no reader: 124 is `timeout`'s status.
finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

# library FOLDER COMPILER-AND-FLAGS...: all of the library's sources, an object each, in FOLDER.
library() {
    local folder=$1
    shift
    mkdir -p "$folder"
    (cd "$folder" && printf '%s\n' "$source"/src/{base,os,core,sync,io}/*.c |
        xargs -n 8 -P "$processors" "$@" -I"$source/include" -I"$source/src" -c)
}

# language FOLDER COMPILER-AND-FLAGS...: the programs of tests/language with FOLDER's objects, as FOLDER/NAME.
language() {
    local folder=$1 name
    shift
    for name in $(language_names); do
        echo "$name $(extra_sources "$name")"
    done | xargs -L 1 -P "$processors" sh -c '
        folder=$1 source=$2 name=$3
        shift 3
        extra=
        while [ "$1" != -- ]; do extra="$extra $1"; shift; done
        shift
        ' sh
}
