/* SPDX-License-Identifier: MIT */
/*
 * test_switch.c - rules of src/core/switch.h: all state that survives a function call survives a switch.
 *
 * Several stacks run in turn. Each has different values in every register that the machine's ABI preserves over a
 * call, and many more live values (integers, doubles, long doubles, vectors, masks) than there are registers, with
 * unusual control words. EDDY_SWITCHES=n sets how often. Vectors and masks are as wide as the compiler may make
 * them: with -march=native, those of this processor.
 */
#define _GNU_SOURCE
#include "core/switch.h"

#include "os/stack.h"
#include "os/valgrind.h"

#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNNERS = 7 };

static struct switch_point outside;

struct runner {
    struct switch_point point;
    struct stack *stack;
    void (*round)(struct runner *, uint64_t seed); /* makes one switch and checks the preserved values */
    uint64_t seed;
    long rounds; /* that are left */
    long wrong;  /* values that differ after the switch */
};

static struct runner runners[RUNNERS];
static int turn, running;

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static long switches(long usual)
{
    const char *text = getenv("EDDY_SWITCHES");
    long wanted = text ? atol(text) : usual;
#ifdef EDDY_SANITIZED
    wanted /= 20;
#endif
#ifdef EDDY_SWITCH_IS_GENERIC
    wanted /= 10;
#endif
    return RUNNING_ON_VALGRIND ? wanted / 1000 : wanted;
}

/* ==== stacks in turn ==== */

static struct runner *next_runner(void)
{
    do
        turn = (turn + 1) % RUNNERS;
    while (!runners[turn].round);
    return &runners[turn];
}

/* Not inlined: the registers that a call preserves are the ones that are tested. */
static __attribute__((noinline)) void pass_on(struct runner *self)
{
    struct runner *next = next_runner();
    if (next != self)
        switch_to(&self->point, &next->point);
}

static void run(void *argument)
{
    struct runner *self = argument;
    while (self->rounds-- > 0)
        self->round(self, self->seed = mix(self->seed + 1));
    self->round = NULL;
    struct switch_point gone;
    switch_retire();
    switch_away(&gone, --running ? &next_runner()->point : &outside, NULL);
    abort();
}

static void go_round(void (*const *rounds)(struct runner *, uint64_t), size_t kinds, long count)
{
    running = RUNNERS;
    for (int i = 0; i < RUNNERS; i++) {
        struct runner *runner = &runners[i];
        struct stack *stack = stack_take(0);
        assert_non_null(stack);
        *runner = (struct runner){.stack = stack, .round = rounds[(size_t)i % kinds], .seed = mix((uint64_t)i + 7),
                                  .rounds = count / RUNNERS};
        switch_prepare(&runner->point, stack->bottom, stack_top(stack), run, runner);
    }
    turn = 0;
    switch_to(&outside, &runners[0].point);
    for (int i = 0; i < RUNNERS; i++) {
        assert_int_equal(runners[i].wrong, 0);
        stack_give(runners[i].stack);
    }
}

/* ==== the registers by name ==== */

/* Each machine's round_by_name: loads the preserved registers with values made from the seed, calls pass_on from the
 * assembly, and stores the registers afterwards. */
#if defined __x86_64__
enum { KEPT = 6 };

static __attribute__((noinline)) void call_with(uint64_t *kept, struct runner *self)
{
    __asm__ volatile("leaq -128(%%rsp),%%rsp\n\t" /* the compiler may keep a value there */
                     "pushq %%rbp\n\t"
                     "pushq %%rdi\n\t"
                     "movq 0(%%rdi),%%rbx\n\t"
                     "movq 8(%%rdi),%%rbp\n\t"
                     "movq 16(%%rdi),%%r12\n\t"
                     "movq 24(%%rdi),%%r13\n\t"
                     "movq 32(%%rdi),%%r14\n\t"
                     "movq 40(%%rdi),%%r15\n\t"
                     "movq %%rsi,%%rdi\n\t"
                     "movq %%rsp,%%rax\n\t"
                     "andq $-16,%%rsp\n\t"
                     "pushq %%rax\n\t"
                     "pushq %%rax\n\t"
                     "call *%%rcx\n\t"
                     "popq %%rsp\n\t"
                     "popq %%rdi\n\t"
                     "movq %%rbx,0(%%rdi)\n\t"
                     "movq %%rbp,8(%%rdi)\n\t"
                     "movq %%r12,16(%%rdi)\n\t"
                     "movq %%r13,24(%%rdi)\n\t"
                     "movq %%r14,32(%%rdi)\n\t"
                     "movq %%r15,40(%%rdi)\n\t"
                     "popq %%rbp\n\t"
                     "leaq 128(%%rsp),%%rsp"
                     : "+D"(kept), "+S"(self)
                     : "c"(pass_on)
                     : "rax", "rbx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}
#elif defined __aarch64__
enum { KEPT = 18 };

static __attribute__((noinline)) void call_with(uint64_t *kept, struct runner *self)
{
    register uint64_t *x0 __asm__("x0") = kept;
    register struct runner *x1 __asm__("x1") = self;
    register void (*x2)(struct runner *) __asm__("x2") = pass_on;
    __asm__ volatile("stp x29,x0,[sp,#-16]!\n\t"
                     "ldp x19,x20,[x0,#0]\n\t"
                     "ldp x21,x22,[x0,#16]\n\t"
                     "ldp x23,x24,[x0,#32]\n\t"
                     "ldp x25,x26,[x0,#48]\n\t"
                     "ldp x27,x28,[x0,#64]\n\t"
                     "ldp d8,d9,[x0,#80]\n\t"
                     "ldp d10,d11,[x0,#96]\n\t"
                     "ldp d12,d13,[x0,#112]\n\t"
                     "ldp d14,d15,[x0,#128]\n\t"
                     "mov x0,x1\n\t"
                     "blr x2\n\t"
                     "ldp x29,x9,[sp],#16\n\t"
                     "stp x19,x20,[x9,#0]\n\t"
                     "stp x21,x22,[x9,#16]\n\t"
                     "stp x23,x24,[x9,#32]\n\t"
                     "stp x25,x26,[x9,#48]\n\t"
                     "stp x27,x28,[x9,#64]\n\t"
                     "stp d8,d9,[x9,#80]\n\t"
                     "stp d10,d11,[x9,#96]\n\t"
                     "stp d12,d13,[x9,#112]\n\t"
                     "stp d14,d15,[x9,#128]"
                     : "+r"(x0), "+r"(x1), "+r"(x2)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                       "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",
                       "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
                       "v27", "v28", "v29", "v30", "v31", "memory", "cc");
}
#else
enum { KEPT = 1 };

static void call_with(uint64_t *kept, struct runner *self)
{
    (void)kept;
    pass_on(self);
}
#endif

static void round_by_name(struct runner *self, uint64_t seed)
{
    uint64_t kept[KEPT];
    for (int i = 0; i < KEPT; i++)
        kept[i] = mix(seed + (uint64_t)i);
    call_with(kept, self);
    for (int i = 0; i < KEPT; i++)
        self->wrong += kept[i] != mix(seed + (uint64_t)i);
}

/* ==== live values of each class, more than there are registers ==== */

typedef uint64_t vector __attribute__((vector_size(
#if defined __AVX512F__
    64
#elif defined __AVX__
    32
#else
    16
#endif
    )));

enum { LANES = sizeof(vector) / sizeof(uint64_t) };

#define EACH(X)                                                                                                        \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19)      \
    X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35)

/* The empty assembly hides the value from the compiler, which therefore must carry it over the switch. */
#define INTEGER(n)       uint64_t i##n = mix(seed + n); __asm__("" : "+r"(i##n));
#define INTEGER_WRONG(n) self->wrong += i##n != mix(seed + n);

static void round_of_integers(struct runner *self, uint64_t seed)
{
    EACH(INTEGER)
    pass_on(self);
    EACH(INTEGER_WRONG)
}

#if defined __x86_64__
#define IN_VECTOR_REGISTER(v) __asm__("" : "+v"(v))
#elif defined __aarch64__
#define IN_VECTOR_REGISTER(v) __asm__("" : "+w"(v))
#else
#define IN_VECTOR_REGISTER(v) __asm__("" : "+m"(v))
#endif

#define DOUBLE(n)       double d##n = (double)(mix(seed + n) >> 12); IN_VECTOR_REGISTER(d##n);
#define DOUBLE_WRONG(n) self->wrong += d##n != (double)(mix(seed + n) >> 12);

static void round_of_doubles(struct runner *self, uint64_t seed)
{
    EACH(DOUBLE)
    pass_on(self);
    EACH(DOUBLE_WRONG)
}

static inline vector vector_of(uint64_t seed)
{
    vector v;
    for (int i = 0; i < LANES; i++)
        v[i] = mix(seed + (uint64_t)i);
    return v;
}

static inline long differs(vector a, vector b)
{
    return memcmp(&a, &b, sizeof a) != 0;
}

#define VECTOR(n)       vector v##n = base + n; IN_VECTOR_REGISTER(v##n);
#define VECTOR_WRONG(n) self->wrong += differs(v##n, again + n);

static void round_of_vectors(struct runner *self, uint64_t seed)
{
    vector base = vector_of(seed);
    EACH(VECTOR)
    pass_on(self);
    vector again = vector_of(seed);
    EACH(VECTOR_WRONG)
}

#define LONG_DOUBLE(n)       long double l##n = (long double)mix(seed + n); __asm__("" : "+m"(l##n));
#define LONG_DOUBLE_WRONG(n) self->wrong += l##n != (long double)mix(seed + n);

/* The register stack of the x87 on one machine, vectors or a library on the others. */
static void round_of_long_doubles(struct runner *self, uint64_t seed)
{
    EACH(LONG_DOUBLE)
    pass_on(self);
    EACH(LONG_DOUBLE_WRONG)
}

/* k0 to k7, which a call does not preserve: the compiler must carry their values over the switch. */
#ifdef __AVX512BW__
#define MASK(n)       uint64_t m##n = mix(seed + n); __asm__("" : "+k"(m##n));
#define MASK_WRONG(n) self->wrong += m##n != mix(seed + n);

static void round_of_masks(struct runner *self, uint64_t seed)
{
    EACH(MASK)
    pass_on(self);
    EACH(MASK_WRONG)
}
#else
#define round_of_masks round_of_vectors
#endif

/* Rounding mode, precision and exception masks: the bits of the control words that no operation sets. */
struct control {
    uint32_t vectors, x87;
};

static struct control control_now(void)
{
    struct control now = {0, 0};
#if defined __x86_64__
    uint16_t x87;
    __asm__ volatile("stmxcsr %0" : "=m"(now.vectors));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    now.vectors &= ~UINT32_C(0x3f);
    now.x87 = x87;
#elif defined __aarch64__
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    now.vectors = (uint32_t)fpcr;
#endif
    return now;
}

static struct control control_before;

static void round_of_control(struct runner *self, uint64_t seed)
{
    (void)seed;
    pass_on(self);
    struct control now = control_now();
    self->wrong += now.vectors != control_before.vectors || now.x87 != control_before.x87;
}

/* ==== tests ==== */

static void test_registers(void **state)
{
    (void)state;
    static void (*const rounds[])(struct runner *, uint64_t) = {
        round_by_name,         round_of_integers, round_of_doubles, round_of_vectors,
        round_of_long_doubles, round_of_masks,    round_of_control,
    };
    fesetround(FE_TOWARDZERO);
    control_before = control_now();
    go_round(rounds, sizeof rounds / sizeof rounds[0], switches(10 * 1000 * 1000));
    fesetround(FE_TONEAREST);
}

static void *const tokens[] = {NULL, &outside, (void *)1, (void *)UINTPTR_MAX};
static struct switch_point echo_point;

static void echo(void *argument)
{
    void *got = argument;
    for (;;)
        got = switch_with(&echo_point, &outside, got);
}

static void test_value(void **state)
{
    (void)state;
    struct stack *stack = stack_take(0);
    switch_prepare(&echo_point, stack->bottom, stack_top(stack), echo, tokens[1]);
    assert_ptr_equal(switch_with(&outside, &echo_point, NULL), tokens[1]);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(switch_with(&outside, &echo_point, tokens[i]), tokens[i]);
    assert_false(switch_for_bool(&outside, &echo_point, NULL));
    assert_true(switch_for_bool(&outside, &echo_point, (void *)1) == true);
    switch_forget(&echo_point);
    stack_give(stack);
}

static uintptr_t entered_at, aligned_at;

static void enter(void *argument)
{
    /* The alignment that the ABI promises: sixteen bytes at a function's entry. */
    volatile _Alignas(16) char aligned[16] = {0};
    aligned_at = (uintptr_t)&aligned[0];
    entered_at = (uintptr_t)__builtin_frame_address(0); /* AddressSanitizer may keep a local elsewhere */
    char text[64];
    snprintf(text, sizeof text, "%.3Lf %s", 1.5L, (const char *)argument); /* stores vectors in its frame */
    struct switch_point gone;
    switch_retire();
    switch_away(&gone, &outside, strcmp(text, "1.500 argument") == 0 ? (void *)1 : NULL);
    abort();
}

static void test_first_frame(void **state)
{
    (void)state;
    for (int below = 0; below < 64; below += 16) {
        struct switch_point point;
        struct stack *stack = stack_take(0);
        char *top = (char *)stack_top(stack) - below;
        switch_prepare(&point, stack->bottom, top, enter, "argument");
        assert_true(switch_for_bool(&outside, &point, NULL));
        assert_true(aligned_at % 16 == 0);
        assert_true(entered_at > (uintptr_t)stack->bottom && entered_at < (uintptr_t)top);
        stack_give(stack);
    }
}

static void change_rounding(void *argument)
{
    int *seen = argument;
    seen[0] = fegetround();
    fesetround(FE_UPWARD);
    switch_to(&echo_point, &outside);
    seen[1] = fegetround();
    struct switch_point gone;
    switch_retire();
    switch_away(&gone, &outside, NULL);
    abort();
}

/* As in C, the floating-point environment belongs to the thread, so a switch neither saves nor resets it. */
static void test_rounding_is_the_threads(void **state)
{
    (void)state;
    int seen[2] = {-1, -1};
    struct stack *stack = stack_take(0);
    assert_int_equal(fesetround(FE_DOWNWARD), 0);
    switch_prepare(&echo_point, stack->bottom, stack_top(stack), change_rounding, seen);
    switch_to(&outside, &echo_point);
    int behind = fegetround();
    fesetround(FE_TOWARDZERO);
    switch_to(&outside, &echo_point);
    fesetround(FE_TONEAREST);
    assert_int_equal(seen[0], FE_DOWNWARD);
    assert_int_equal(behind, FE_UPWARD);
    assert_int_equal(seen[1], FE_TOWARDZERO);
    stack_give(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_first_frame),
        cmocka_unit_test(test_rounding_is_the_threads),
        cmocka_unit_test(test_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
