/* SPDX-License-Identifier: MIT */
/*
 * switch.c - the least that two stacks can cost: a pair of switches, inlined into the loop that makes them. The
 * compiler is told that every register is clobbered and saves what it needs, so that only the stack pointer, the
 * frame pointer and the address to continue at are swapped.
 */
#include "bench.h"

#if defined __x86_64__ && !defined __AVX512F__
#define SWITCH(from, to)                                                                                   \
    do {                                                                                                   \
        void **switch_from = (from), *switch_to = (to);                                                    \
        __asm__ volatile("subq $128,%%rsp\n\t" /* leaf functions keep data below the stack pointer */    \
                         "pushq %%rbp\n\t"                                                                 \
                         "leaq 1f(%%rip),%%rax\n\t"                                                        \
                         "pushq %%rax\n\t"                                                                 \
                         "movq %%rsp,(%0)\n\t"                                                             \
                         "movq %1,%%rsp\n\t"                                                               \
                         "popq %%rax\n\t"                                                                  \
                         "jmpq *%%rax\n"                                                                   \
                         "1: popq %%rbp\n\t"                                                               \
                         "addq $128,%%rsp"                                                                 \
                         : "+D"(switch_from), "+S"(switch_to)                                              \
                         :                                                                                 \
                         : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", \
                           "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                           "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");          \
    } while (0)

static _Alignas(64) char stack[65536];
static void *here, *there;
static long arrived;

static void __attribute__((noinline, noreturn)) answer(void)
{
    for (;;) {
        arrived++;
        SWITCH(&there, here);
    }
}

static void pairs(long count)
{
    void **sp = (void **)(void *)(stack + sizeof stack);
    *--sp = 0;
    *--sp = 0;
    *--sp = (void *)(uintptr_t)answer;
    there = sp;
    arrived = 0;
    for (long i = 0; i < count; i++)
        SWITCH(&here, there);
    bench_require(arrived == count, "the other side was reached each time");
}

static const struct measure measures[] = {
    {.name = "switch", .count = 10000000, .ask = pairs},
    {0},
};
#else
static const struct measure measures[] = {{0}}; /* this result is not shown in the table */
#endif

int main(int argc, char **argv)
{
    return bench_main(argc, argv, measures);
}
