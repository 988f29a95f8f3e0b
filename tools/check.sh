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
note_failure() { echo "$1" >&2; echo "--- $1" >>"$failures"; echo "0 1 0" >>"$tally"; }

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
    *) echo "$counts" >>"$tally"; { echo "--- $name:"; tail -n 40 "$output"; } >>"$failures" ;;
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

# in_build ARGUMENT...: suites of the default build.
in_build() { build build gcc && suites build "$@"; }

# benchmarks FOLDER COMPILER TARGET...: what bench/ measures, as users get it.
benchmarks() {
    configure_bench "$1" "$2" && ninja -C "$1" "${@:3}" >/dev/null || { note_failure "$1 does not build"; return 1; }
}

# --- the other compiler, other levels ---------------------------------------------------------------------------------

step_clang() { build build-clang clang && suites build-clang $again; }
step_standards() {
    once standards tests/portability/standards.sh
    EDDY_STANDARDS=gnu2x once "misuses in gnu2x" tests/compile_fail/run.py
}

# Without Meson: plain cc, C++, gdb; the matrix of flags; another libc; another machine.
step_portability() { outside plain_cc cxx backtrace; }
step_flags() { outside flags; }
step_musl() { outside musl; }
step_aarch64() { outside aarch64; }
outside() {
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
    local -x TSAN_OPTIONS="die_after_fork=0 suppressions=$PWD/tests/openssl.tsan"
    suites build-tsan --build $contracts --slower 6 --wrapper 'setarch -R'
}

# In a folder of its own: stack.c registers stacks only if Valgrind's header was there when it was compiled.
step_valgrind() {
    # It does not see what a ring writes.
    prepare build-valgrind gcc -During=disabled || return
    EDDY_WATCHED=1 suites build-valgrind --build $contracts --slower 20 --wrapper \
        "valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
            --errors-for-leak-kinds=definite,indirect --trace-children=no"
}

# The n-th allocation fails, the n-th operation of the driver fails; EDDY_FAULTS_PICKS=0: for each n.
step_faults() {
    sanitized build build-gcc-sanitizers gcc && once faults tests/stress/faults.py build-gcc-sanitizers
}

# Bytes from outside, a minute a target.
step_fuzz() { once fuzz tools/fuzz.sh; }

# The n-th call or request of a driver gets another answer, on each driver. EDDY_FAULTS_PICKS=0: for each n.
step_completions() {
    sanitized build build-gcc-sanitizers gcc && once completions tests/stress/faults.py --completions build-gcc-sanitizers
}

# --- io_uring forbidden -----------------------------------------------------------------------------------------------

# As in a container: the library falls back to epoll, and everything that runs on io_uring runs once more without it.
step_without_uring() { in_build --suite on-uring --wrapper "$PWD/build/tests/without_uring"; }

# --- cost -------------------------------------------------------------------------------------------------------------

# Compares the instructions of the primitives with bench/instructions.txt.
step_instructions() {
    benchmarks build-bench gcc bench-eddy && once "instructions of gcc" bench/instructions.py build-bench &&
        once "instructions on two cores" bench/cores.py build-bench --instructions
    benchmarks build-bench-clang clang bench-eddy && once "instructions of clang" bench/instructions.py build-bench-clang
}

# An operation costs the same among thousands as among hundreds.
step_growth() { benchmarks build-bench gcc bench-eddy && once growth bench/growth.py build-bench --instructions; }

# Runs with queues that are always full and a buffer store that is always empty.
step_small_rings() { EDDY_RING=2,4,2 in_build --suite on-uring; }

# --- servers, load, luck ----------------------------------------------------------------------------------------------

step_interop() { in_build --suite interop; }

# The modules against the servers that they are for.
step_modules() { in_build --suite modules; }

# gdb's script on live programs and core files, whatever the library was compiled with.
step_debugger() {
    local how
    for how in "build gcc" "build-gcc-O0 gcc -Doptimization=0 $library_only" \
        "build-gcc-O3 gcc -Doptimization=3 $library_only" "build-clang clang"; do
        build $how && suites "${how%% *}" --suite debugger
    done
}

# What make install puts there, used through pkg-config, Meson and CMake.
step_install() { build build gcc -Dman=enabled && suites build --suite install; }
# The site: built without a warning, loads nothing from elsewhere, its links lead somewhere, its search finds.
step_site() {
    once "make docs" tools/docs.sh
    once site tests/docs/site.py build/docs/html
}
# Ten thousand connections, some of which misbehave; two and a half minutes.
step_load() { in_build --suite load ${EDDY_SOAK_SECONDS:+--slower 0}; }

# The benchmarks of servers run; their figures are not judged.
step_traffic() {
    benchmarks build-bench gcc bench-eddy bench-raw && once traffic bench/traffic.py build-bench --rounds 1 --seconds 0.05 \
        --no-calls --mebibytes 4 --only echo-64 echo-4kx16 tls-64 lone accept copy sendfile \
        --servers eddy-uring eddy-epoll raw-uring raw-epoll
}

# The Python package: CPython's own tests of asyncio and ours on uring and epoll, programs of others, the wheel.
step_python() { build build gcc && once python tools/python.sh test; }

# The Debian packages: built, installed (as root), used, purged.
step_debian() { EDDY_SOURCE=$PWD CC=gcc once debian tests/debian/package.sh; }

# A hundred thousand stacks that fall asleep and wake at random, under pointers of other threads.
step_hibernation() {
    build build gcc || return
    local driver
    for driver in uring epoll; do
        once "hibernation on $driver" env EDDY_DRIVER=$driver EDDY_HIBERNATION_STACKS=${EDDY_HIBERNATION_STACKS:-100000} \
            timeout 600 build/tests/unit/test_hibernation_crowd
    done
}
step_stress() { in_build --suite stress --slower 2; }
step_cache() { build build gcc && EDDY_BUILD=build EDDY_CACHE_ROUNDS=200 once cache tests/cli/fuzz_cache.py; }
# Random programs in every weather, then again in a build with sanitizers.
step_model() {
    EDDY_MODEL_SEEDS=${EDDY_MODEL_SEEDS:-10000} in_build --suite model
    sanitized build build-gcc-sanitizers gcc && EDDY_MODEL_SEEDS=500 sanitized_suites build-gcc-sanitizers --suite model
}
step_seeds() { build build gcc && once seeds tests/seeds.py build "${EDDY_TEST_SEEDS:-50}"; }

# --- two lanes --------------------------------------------------------------------------------------------------------

# Most steps do not fill two processors, so two run side by side. These are of the second lane; all others are of the first.
# Steps that use the same build folder are in the same lane. The longer lane says how long all of it takes.
second_lane="standards portability flags musl aarch64 clang_sanitizers tsan valgrind instructions growth traffic"

every_step() { sed -nE 's/^step_([a-zA-Z0-9_]+)\(\).*/\1/p' tools/check.sh; }
first_lane() { every_step | grep -vxF "$(tr ' ' '\n' <<<"$second_lane")"; }

# packages STEP...: installs what setup.sh says that these steps need.
packages() {
    local step list all=
    for step in "$@"; do
        list=need_for_$step
        all="$all ${!list-}"
    done
    tools/need.sh $all || { note_failure "packages for $* are missing"; return 1; }
}

# run_steps STEP...
run_steps() {
    local step TIMEFORMAT
    for step in "$@"; do
        title "$step"
        packages "$step" || continue
        printf -v TIMEFORMAT '%-18s %%0R s, of processors %%0U s and %%0S s in the kernel' "$step"
        { time "step_$step" 2>&3; } 3>&2 2>>"$table"
    done
}

# What the second lane prints is shown when the first has ended. Two lanes must not install packages at the same time.
run_lanes() {
    packages $(every_step)
    run_steps $second_lane >"$other" 2>&1 &
    run_steps $(first_lane)
    wait
    cat "$other"
}

# The names stand at the end, where they are seen when the middle of a long output is left out.
summary() {
    printf '\nWhat failed, once more:\n\n'
    cat "$failures"
    printf '\nIn short:\n'
    grep -a '^--- ' "$failures" | grep -av '^--- again:'
}

main() {
    if ! tools/need.sh $need_to_build $need_for_curl $need_for_tests $need_for_check; then
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    [ $# -gt 0 ] && run_steps "$@" || run_lanes
    printf '\nStep by step:\n' && cat "$table"
    printf '\nAll of it took %d s\n' $((SECONDS - began))
    [ ! -s "$failures" ] || summary
    awk '{ p += $1; f += $2; s += $3 }
         END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || (s > 0 && ENVIRON["CI"] == "true") }' "$tally"
}

main "$@"
