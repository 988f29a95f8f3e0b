# SPDX-License-Identifier: MIT
# Read by the scripts of this folder (`. "$(dirname "$0")/lib.sh"`): builds of the library by compiler and flags alone,
# without Meson, in a temporary folder; one line a check; the tally at the end.
set -u
source=${EDDY_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
wrapper= # a command that runs the programs
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

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}

# sources: all .c files of the library, not of the command.
sources() { ls "$source"/src/*/*.c | grep -v /src/cli/; }

# library FOLDER COMPILER-AND-FLAGS...: all of the library's sources, an object each, in FOLDER.
library() {
    local folder=$1
    shift
    mkdir -p "$folder"
    sources | xargs -P "$processors" -I '{}' bash -c 'one_object "$@"' one_object "$folder" '{}' "$@"
}

# Named by its folder, too: two folders may have a file of the same name.
one_object() {
    local folder=$1 file=$2 path
    shift 2
    path=${file#"$source"/src/}
    "$@" -I"$source/include" -I"$source/src" -c "$file" -o "$folder/${path%%/*}-$(basename "$file" .c).o"
}
export -f one_object

# programs FOLDER TESTS COMPILER-AND-FLAGS...: the programs of tests/TESTS with FOLDER's objects, as FOLDER/NAME.
programs() {
    local folder=$1 tests=$2
    shift 2
    names_of "$tests" | xargs -P "$processors" -I '{}' bash -c 'one_program "$@"' one_program "$folder" "$tests" '{}' "$@"
}

# names_of TESTS: the programs of the folder. Left out are lib.c, which is part of files.c, and programs that need other libraries.
names_of() {
    case $1 in
    language) ls "$source/tests/language" | sed -n 's/\.c$//p' | grep -vx lib ;;
    unit) ls "$source/tests/unit" | sed -n 's/\.c$//p' | grep -vx test_tls ;;
    stress) ls "$source/tests/stress" | sed -n 's/\.c$//p' | grep -vxE "million|below" ;;
    esac
}

one_program() {
    local folder=$1 tests=$2 name=$3 more=
    shift 3
    [ "$tests/$name" != language/files ] || more=$source/tests/language/lib.c
    "$@" -I"$source/include" -I"$source/src" -I"$source/tests/portability/small" "$source/tests/$tests/$name.c" $more \
        "$folder"/*.o -lpthread -lm -o "$folder/$name"
}
export -f one_program
export source

# run_all FOLDER TESTS DRIVER [WRAPPER...]: runs them; shows what those that failed said, and gives their number.
run_all() {
    local folder=$1 tests=$2 driver=$3
    shift 3
    names_of "$tests" | EDDY_DRIVER=$driver xargs -P "$processors" -I '{}' sh -c '
        folder=$1 name=$2
        shift 2
        timeout 120 "$@" "$folder/$name" >"$folder/$name.log" 2>&1 && exit
        status=$?
        echo "$name: exit status $status"
        tail -n 5 "$folder/$name.log"
        exit 1' sh "$folder" '{}' "$@"
}

# language NAME COMPILER-AND-FLAGS...: the library and the language tests so compiled work on both drivers.
language() {
    local name=$1 folder
    folder=$(mktemp -d "$work/XXXXXX")
    shift
    ok "$name: the library compiles" library "$folder" "$@" || return
    ok "$name: the language tests compile" programs "$folder" language "$@" || return
    ok "$name: the language tests on sim" run_all "$folder" language sim $wrapper
    ok "$name: the language tests on epoll" run_all "$folder" language epoll $wrapper
    built=$folder
}

# others NAME TESTS COMPILER-AND-FLAGS...: the same for the unit or the stress tests, with the library that `language` built.
others() {
    local name=$1 tests=$2
    shift 2
    ok "$name: the $tests tests compile" programs "$built" "$tests" "$@" || return
    ok "$name: the $tests tests on sim" run_all "$built" "$tests" sim $wrapper
    ok "$name: the $tests tests on epoll" run_all "$built" "$tests" epoll $wrapper
}
