#!/bin/bash
# SPDX-License-Identifier: MIT
# `make check`: everything that `make test` leaves out. The last line is the tally of all steps.
#
#   tools/check.sh [STEP...]            the steps are the functions below whose names begin with step_
#
# .ci/run has an hour on two processors: all steps run in two lanes, side by side. A table at the end says how long each took.
set -u
cd "$(dirname "$0")/.."
. tools/setup.sh

again="--suite unit --suite language --suite conformance --suite examples --suite command"
# For folders in which only a few tests are of interest.
library_only="-Dtests=disabled $without_modules"
contracts="--suite unit --suite language --suite contract"
tally=$(mktemp)
failures=$(mktemp)
table=$(mktemp)
other=$(mktemp)
trap 'rm -f "$tally" "$failures" "$table" "$other"' EXIT
began=$SECONDS

title() { printf '\n=== %s (after %d s)\n' "$1" $((SECONDS - began)); }
note_failure() { echo "$1" >&2; echo "$1" >>"$failures"; echo "0 1 0" >>"$tally"; }

# suites FOLDER ARGUMENT...: runs suites of a build.
suites() { tools/runtests.py "$1" --label "$1" --tally "$tally" --failures "$failures" "${@:2}"; }

# once NAME COMMAND...: a check that is not in a build; it counts as one, or with the tally of its last line.
once() {
    local name=$1 output status counts
    shift
    output=$(mktemp)
    "$@" 2>&1 | tee "$output"
    status=${PIPESTATUS[0]}
    counts=$(tail -n 1 "$output" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p')
    case $counts in
    "") [ "$status" = 0 ] && echo "1 0 0" >>"$tally" || note_failure "$name: exit status $status" ;;
    *" 0 "*) echo "$counts" >>"$tally" ;;
    *) echo "$counts" >>"$tally"; { echo "$name:"; tail -n 40 "$output"; } >>"$failures" ;;
    esac
    rm -f "$output"
}

# prepare FOLDER COMPILER OPTION...: sets up a folder; `suites FOLDER --build` builds the part of it that it runs.
prepare() {
    folder=$1 CC=$2 configure_folder -Dcurl=enabled -Dtests=enabled "${@:3}" || { note_failure "$1 cannot be set up"; return 1; }
}

# build FOLDER COMPILER OPTION...: the same, and builds all parts of it.
build() {
    prepare "$@" || return
    quietly ninja -C "$1" || { note_failure "$1 does not build"; return 1; }
}

# --- the other compiler, other levels ---------------------------------------------------------------------------------

step_clang() { build build-clang clang && suites build-clang $again; }
step_standards() { once standards tools/standards.sh; }

# Without Meson: plain cc, C++, gdb; the matrix of flags; another libc; another machine.
step_portability() { outside plain_cc cxx backtrace; }
step_flags() { outside flags; }
step_musl() { outside musl; }
step_aarch64() { outside aarch64; }
outside() {
    tools/need.sh $need_for_portability || { note_failure "portability: packages are missing"; return; }
    local name
    for name in "$@"; do
        once "$name" "tests/portability/$name.sh"
    done
}

# --- memory -----------------------------------------------------------------------------------------------------------

# sanitized build|prepare FOLDER COMPILER: a report of a sanitizer ends the program, so that it is a failure.
sanitized() {
    "$1" "$2" "$3" -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 \
        -Dc_args=-fno-sanitize-recover=undefined -Dassertions=expensive
}
# Each stack then has a second one, of frames that stay poisoned when their function has returned.
sanitized_suites() { ASAN_OPTIONS=detect_stack_use_after_return=1 suites "$@" --slower 4; }
step_gcc_sanitizers() { sanitized build build-gcc-sanitizers gcc && sanitized_suites build-gcc-sanitizers $again; }
step_clang_sanitizers() {
    sanitized prepare build-clang-sanitizers clang &&
        sanitized_suites build-clang-sanitizers --build $contracts --suite examples
}

# Fibers are announced at each switch. The kernel may have moved the program to where the tool wants to be. A forked child
# whose loop needs a thread of its own would end at once by default.
step_tsan() {
    prepare build-tsan gcc -Db_sanitize=thread -Db_lundef=false -Doptimization=1 || return
    TSAN_OPTIONS=die_after_fork=0 suites build-tsan --build $contracts --slower 6 --wrapper 'setarch -R'
}

# In a folder of its own: stack.c registers stacks only if Valgrind's header was there when it was compiled.
step_valgrind() {
    # It does not see what a ring writes.
    prepare build-valgrind gcc -During=disabled || return
    suites build-valgrind --build $contracts --slower 20 --wrapper \
        "valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
            --errors-for-leak-kinds=definite,indirect --trace-children=no"
}

# The n-th allocation fails, the n-th operation of the driver fails; EDDY_FAULTS_PICKS=0: for each n.
step_faults() {
    sanitized build build-gcc-sanitizers gcc && once faults tools/faults.py build-gcc-sanitizers
}

# Bytes from outside, a minute a target.
step_fuzz() { once fuzz tools/fuzz.sh; }

# The n-th call or request of a driver gets another answer, on each driver. EDDY_FAULTS_PICKS=0: for each n.
step_completions() {
    sanitized build build-gcc-sanitizers gcc && once completions tools/faults.py --completions build-gcc-sanitizers
}

# --- io_uring forbidden -----------------------------------------------------------------------------------------------

# As in a container: the library falls back to epoll, and everything that runs on io_uring runs once more without it.
step_without_uring() {
    build build gcc && suites build --suite on-uring --wrapper "$PWD/build/tests/without_uring"
}

# --- cost -------------------------------------------------------------------------------------------------------------

# Compares the instructions of the primitives with bench/instructions.txt.
step_instructions() { counted build-bench gcc && counted build-bench-clang clang; }
counted() {
    configure_bench "$1" "$2" && ninja -C "$1" bench-eddy >/dev/null || { note_failure "$1 does not build"; return 1; }
    once "instructions of $2" tools/instructions.py "$1"
}

# An operation costs the same among thousands as among hundreds.
step_growth() {
    configure_bench build-bench gcc && ninja -C build-bench bench-eddy >/dev/null ||
        { note_failure "build-bench does not build"; return 1; }
    once growth bench/growth.py build-bench --instructions
}

# Runs with queues that are always full and a buffer store that is always empty.
step_small_rings() { build build gcc && EDDY_RING=2,4,2 suites build --suite on-uring; }

# --- servers, load, luck ----------------------------------------------------------------------------------------------

step_interop() {
    tools/need.sh $need_for_interop || { note_failure "interop: packages are missing"; return; }
    build build gcc && suites build --suite interop
}

# The modules against the servers that they are for.
step_modules() {
    tools/need.sh $need_for_modules || { note_failure "modules: packages are missing"; return; }
    build build gcc && suites build --suite modules
}

# gdb's script on live programs and core files, whatever the library was compiled with.
step_debugger() {
    tools/need.sh $need_for_debugger || { note_failure "debugger: packages are missing"; return; }
    build build gcc && suites build --suite debugger
    build build-gcc-O0 gcc -Doptimization=0 $library_only && suites build-gcc-O0 --suite debugger
    build build-gcc-O3 gcc -Doptimization=3 $library_only && suites build-gcc-O3 --suite debugger
    build build-clang clang && suites build-clang --suite debugger
}

# What make install puts there, used through pkg-config, Meson and CMake.
step_install() {
    tools/need.sh $need_for_install || { note_failure "install: packages are missing"; return; }
    build build gcc -Dman=enabled && suites build --suite install
}
# The site: built without a warning, loads nothing from elsewhere, its links lead somewhere, its search finds.
step_site() {
    tools/need.sh $need_for_site || { note_failure "site: packages are missing"; return; }
    once "make docs" tools/docs.sh
    once site tests/docs/site.py build/docs/html
}
# Ten thousand connections, some of which misbehave; two and a half minutes.
step_load() { build build gcc && suites build --suite load; }

# The benchmarks of servers run; their figures are not judged.
step_traffic() {
    configure_bench && ninja -C "$bench_folder" bench-eddy bench-raw >/dev/null ||
        { note_failure "traffic: the benchmarks do not build"; return; }
    once traffic bench/traffic.py "$bench_folder" --rounds 1 --seconds 0.05 --no-calls --mebibytes 4 \
        --only echo-64 echo-4kx16 tls-64 lone accept copy sendfile --servers eddy-uring eddy-epoll raw-uring raw-epoll
}

# The Python package: CPython's own tests of asyncio and ours on uring and epoll, programs of others, the wheel.
step_python() {
    tools/need.sh $need_for_python_build $need_for_python || { note_failure "python: packages are missing"; return; }
    build build gcc && once python tools/python.sh test
}

# The Debian packages: built, installed (as root), used, purged.
step_debian() {
    tools/need.sh $need_for_debian || { note_failure "debian: packages are missing"; return; }
    EDDY_SOURCE=$PWD CC=gcc once debian tests/debian/package.sh
}

# A hundred thousand stacks that fall asleep and wake at random, under pointers of other threads.
step_hibernation() {
    build build gcc || return
    local driver
    for driver in uring epoll; do
        once "hibernation on $driver" env EDDY_DRIVER=$driver EDDY_HIBERNATION_STACKS=${EDDY_HIBERNATION_STACKS:-100000} \
            timeout 600 build/tests/unit/test_hibernation_crowd
    done
}
step_stress() { build build gcc && suites build --suite stress --slower 2; }
step_cache() { build build gcc && EDDY_BUILD=build EDDY_CACHE_ROUNDS=200 once cache tests/cli/fuzz_cache.py; }
# Random programs in every weather, then again in a build with sanitizers.
step_model() {
    build build gcc && EDDY_MODEL_SEEDS=${EDDY_MODEL_SEEDS:-10000} suites build --suite model
    sanitized build build-gcc-sanitizers gcc && EDDY_MODEL_SEEDS=500 sanitized_suites build-gcc-sanitizers --suite model
}
step_seeds() { build build gcc && once seeds tools/seeds.py build "${EDDY_TEST_SEEDS:-50}"; }

# --- two lanes --------------------------------------------------------------------------------------------------------

# Most steps do not fill two processors, so two run side by side. These are of the second lane; all others are of the first.
# Steps that use the same build folder are in the same lane. The longer lane says how long all of it takes.
second_lane="standards portability flags musl aarch64 clang_sanitizers tsan valgrind instructions growth traffic"

every_step() { sed -nE 's/^step_([a-zA-Z0-9_]+)\(\).*/\1/p' tools/check.sh; }
first_lane() { every_step | grep -vxF "$(tr ' ' '\n' <<<"$second_lane")"; }

# processor_seconds: sets `spent` to what this process and its ended children have used so far.
processor_seconds() {
    local fields
    read -ra fields <"/proc/$BASHPID/stat"
    spent=$(((fields[13] + fields[14] + fields[15] + fields[16]) / $(getconf CLK_TCK)))
}

# run_steps STEP...
run_steps() {
    local step from before spent
    for step in "$@"; do
        title "$step"
        from=$SECONDS
        processor_seconds
        before=$spent
        "step_$step"
        processor_seconds
        printf '%-18s %5d s, %5d s of processors\n' "$step" $((SECONDS - from)) $((spent - before)) >>"$table"
    done
}

# What the second lane prints is shown when the first has ended. Two lanes must not install packages at the same time.
run_lanes() {
    tools/need.sh $need_for_portability $need_for_interop $need_for_debugger $need_for_debian $need_for_install \
        $need_for_site $need_for_modules $need_for_python_build $need_for_python || note_failure "packages are missing"
    run_steps $second_lane >"$other" 2>&1 &
    run_steps $(first_lane)
    wait
    cat "$other"
}

main() {
    if ! tools/need.sh $need_to_build $need_for_curl $need_for_tests $need_for_check; then
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    [ $# -gt 0 ] && run_steps "$@" || run_lanes
    printf '\nStep by step:\n' && cat "$table"
    printf '\nAll of it took %d s\n' $((SECONDS - began))
    [ ! -s "$failures" ] || { printf '\nWhat failed, once more:\n\n'; cat "$failures"; }
    awk '{ p += $1; f += $2; s += $3 }
         END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || (s > 0 && ENVIRON["CI"] == "true") }' "$tally"
}

main "$@"
