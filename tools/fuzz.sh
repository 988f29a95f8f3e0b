#!/bin/bash
# SPDX-License-Identifier: MIT
# Fuzzes what reads foreign bytes, with clang's libFuzzer under AddressSanitizer and UBSan. Two targets run at a time.
#
#   tools/fuzz.sh [TARGET...]      the targets are the files of tests/fuzz; all of them unless named
#
# EDDY_FUZZ_SECONDS says how long each runs (45). What is found lies in build-fuzz/found/TARGET-...; the command that
# repeats it is printed. New inputs that reach new code gather in build-fuzz/corpus/TARGET; `tools/fuzz.sh --keep` merges
# what they add into the corpus of the tree. The last line is the tally, one count per target.
set -u
cd "$(dirname "$0")/.."
. tools/setup.sh

seconds=${EDDY_FUZZ_SECONDS:-45}
folder=build-fuzz
tally=$(mktemp -d)
trap 'rm -rf "$tally"' EXIT
# Frames must not outlive their function on a stack of Eddy's, and a refused allocation is not a finding.
export ASAN_OPTIONS=detect_stack_use_after_return=0:handle_abort=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

# build TARGET...
build() {
    CC=clang configure_folder -Dfuzz=true $without_modules -Dtests=disabled -Db_lundef=false -Doptimization=1 \
        -Db_sanitize=address,undefined "-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined" &&
        quietly ninja -C $folder "${@/#/tests/fuzz/fuzz_}"
}

fuzz() {
    local target=$1 log=$folder/$1.log
    mkdir -p "$folder/corpus/$target" "$folder/found"
    if "$folder/tests/fuzz/fuzz_$target" "$folder/corpus/$target" "tests/fuzz/corpus/$target" -max_total_time="$seconds" \
        -timeout=30 -rss_limit_mb=3000 -max_len=4096 -artifact_prefix="$folder/found/$target-" -print_final_stats=1 >"$log" 2>&1
    then
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
        echo 1 >"$tally/$target"
    else
        tail -n 60 "$log"
        echo "$target: found; repeat it with: $folder/tests/fuzz/fuzz_$target FILE (a file named above)"
    fi
}

keep() {
    for target in "$@"; do
        mkdir -p "tests/fuzz/corpus/$target"
        "$folder/tests/fuzz/fuzz_$target" -merge=1 "tests/fuzz/corpus/$target" "$folder/corpus/$target" 2>&1 | tail -n 1
    done
}

main() {
    local verb=fuzz target
    [ "${1:-}" = --keep ] && { verb=keep; shift; }
    [ $# -gt 0 ] || set -- $(sed -n "s/^    '\([a-z_]*\)',$/\1/p" tests/fuzz/meson.build)
    if ! tools/need.sh $need_to_build $need_for_check || ! build "$@"; then
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    [ $verb = fuzz ] || { keep "$@"; exit; }
    for target in "$@"; do
        while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
        fuzz "$target" &
    done
    wait
    local passed=$(ls "$tally" | wc -l)
    echo "$passed passed, $(($# - passed)) failed, 0 skipped"
    [ "$passed" = $# ]
}

main "$@"
