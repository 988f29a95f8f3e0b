#!/bin/bash
# SPDX-License-Identifier: MIT
# gdb's plain `bt` in a live program: inside a task and inside a generator it goes down to where the stack begins. So do
# the stacks that Valgrind prints, and those that perf samples, by CFI and by frame pointers.
. "$(dirname "$0")/lib.sh"

if ! has gdb; then
    skip gdb "it is not installed"
    finish
    exit 77
fi

cat >"$work/live.c" <<'EOF'
#include <eddy/keywords.h>
#include <stdio.h>
__attribute__((noinline)) void in_task(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void in_generator(void) { __asm__ volatile("" ::: "memory"); }
generator(int, numbers) { yield(1); in_generator(); yield(2); }
async(void, deep, (int, n))
{
    if (n > 0)
        await(deep(n - 1));
    await(eddy_sleep(0.001));
    in_task();
}
async(int, main_task)
{
    struct deep *t = spawn(deep(3));
    await(t);
    for_each (x, numbers())
        printf("%d\n", x);
    return 0;
}
int main(void) { return eddy_run(main_task()); }
EOF

# backtrace_at FUNCTION: what bt says there, without addresses.
backtrace_at() {
    gdb -q -batch -nx -iex 'set auto-load no' -iex 'set debuginfod enabled off' -ex "break $1" -ex run -ex bt \
        "$built/live" 2>&1 | tee /dev/stderr | sed -n 's/^#[0-9]* *//p' | sed 's/^0x[0-9a-f]* in //'
}

# ends FUNCTION BEGIN WORD...: the backtrace there has each word, and ends with BEGIN under the switch's first frame.
ends() {
    local frames begin=$2
    frames=$(backtrace_at "$1") || return 1
    shift 2
    printf '%s\n' "$frames" | tail -n 1 | grep -Eq '^eddy_(switch|generator)_entry ' || return 1
    printf '%s\n' "$frames" | tail -n 2 | grep -q "^$begin " || return 1
    for word in "$@"; do printf '%s\n' "$frames" | grep -q "^$word " || return 1; done
}

# Every await of the chain is a frame of its own.
four_deep() { [ "$(backtrace_at in_task | grep -c '^deep__body ')" = 4 ]; }

# At each instruction of the switch, before and after the change of stacks, bt ends at a stack's beginning.
each_instruction() {
    local step commands=()
    for step in $(seq 24); do commands+=(-ex bt -ex stepi); done
    gdb -q -batch -nx -iex 'set auto-load no' -iex 'set debuginfod enabled off' -ex 'break in_task' -ex run \
        -ex 'delete' -ex 'break *eddy_switch' -ex continue -ex 'delete' "${commands[@]}" "$built/live" \
        >"$work/steps" 2>&1
    tail -n 40 "$work/steps"
    ! grep -Eq 'Backtrace stopped|corrupt|Cannot access|\?\? \(\)' "$work/steps" &&
        [ "$(grep -Ec '(eddy_switch_entry|main) ' "$work/steps")" -ge 24 ]
}

cat >"$work/whole.c" <<'EOF'
#include <eddy/keywords.h>
#include <stdlib.h>
volatile long sink;
__attribute__((noinline)) void judge(int *p) { if (*p) sink = 3; }
__attribute__((noinline)) void burn(void) { for (long i = 0; i < 200 * 1000 * 1000; i++) sink = sink + i; }
async(void, deep, (int, n))
{
    if (n > 0) {
        await(deep(n - 1));
        return;
    }
    await(eddy_sleep(0.001));
    int *p = malloc(sizeof *p);
    judge(p);
    free(p);
    if (getenv("BURN"))
        burn();
}
async(int, main_task)
{
    struct deep *t = spawn(deep(3));
    await(t);
    return 0;
}
int main(void) { return eddy_run(main_task()); }
EOF

# whole FUNCTION: the stack on the input, innermost first, begins in FUNCTION and goes down to the task's beginning.
# (Of four awaits in each other optimisation makes three calls.)
whole() {
    tee /dev/stderr | tr '\n' ' ' | grep -qE "\b$1\b.*deep__body.*deep__body.*deep__body.*task_entry"
}
under_valgrind() {
    valgrind "$built/whole" 2>&1 | sed -n '/uninitialised/,/^==[0-9]*== $/p' | sed '/^==[0-9]*== $/q' | whole judge
}
under_perf() {
    BURN=1 perf record -q -e cpu-clock --call-graph "$1" -o "$work/perf.data" "$built/whole" &&
        perf script -i "$work/perf.data" 2>/dev/null | sed -n '/ burn/,/^$/p' | sed '/^$/q' | whole burn
}

for level in -O0 -O2; do
    built=$work/$level
    ok "$level: the library compiles" library "$built" cc $level -g || continue
    ok "$level: the program compiles" cc $level -g -I"$source/include" "$work/live.c" "$built"/*.o -lpthread \
        -o "$built/live" || continue
    ok "$level: bt in a task ends at task_entry" ends in_task task_entry deep__body
    [ $level != -O0 ] || ok "$level: bt in a task shows each await" four_deep
    ok "$level: bt is right at each instruction of a switch" each_instruction
    ok "$level: bt in a generator ends where it begins" ends in_generator generator_body numbers__body
    ok "$level: the second program compiles" cc $level -g -fno-omit-frame-pointer -fno-optimize-sibling-calls \
        -I"$source/include" "$work/whole.c" "$built"/*.o -lpthread -o "$built/whole" || continue
    ok "$level: Valgrind sees the whole stack" under_valgrind
    # Counting may be forbidden to us, and there may be no perf: then there is nothing to be found out.
    perf record -q -e cpu-clock -o "$work/perf.data" true >/dev/null 2>&1 || continue
    ok "$level: perf sees the whole stack by frame pointers" under_perf fp
    ok "$level: perf sees the whole stack by CFI" under_perf dwarf
done
finish
