/* SPDX-License-Identifier: MIT */
/*
 * stack.h - memory for stacks: slabs of equal stacks, reused last-in first-out, each with a guard below.
 *
 * One pool a thread; a stack goes back to the pool of the thread that took it.  Invariant: a free stack is
 * linked through words at its very top, so that taking the stack that was used last touches one warm page.
 * Growing downward: `top` is the highest address, the guard page lies at `bottom`.
 */
#ifndef EDDY_OS_STACK_H
#define EDDY_OS_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* EDDY_STACK_GUARD=madvise|mprotect|canary|none forces one; EDDY_MAP_LIMIT=n stands in for vm.max_map_count. */
enum stack_guard { STACK_GUARD_MADVISE, STACK_GUARD_MPROTECT, STACK_GUARD_CANARY, STACK_GUARD_NONE };

/* Lies in the topmost bytes of the stack that it describes. */
struct stack {
    struct stack *next;      /* the next free one of the pool while this one is free, itself while it is in use */
    char *bottom;            /* lowest address; the guard page is [bottom, bottom + page) */
    size_t size;             /* whole, guard included, this struct included */
    struct stack_class *class; /* where it goes back to */
    struct stack_slab *slab; /* the mapping that it is part of */
    void *owner;             /* whose it is now: the report of an overflow asks stack_set_namer's function about it */
    uint32_t valgrind_id;    /* of VALGRIND_STACK_REGISTER */
    uint8_t guard;           /* an enum stack_guard */
};

/* The canary words of a stack without a guard page lie right above its bottom. */
#define STACK_CANARY UINT64_C(0x6564647963616e61)

/* Default whole size in bytes: 128 KiB, four times that at -O0 builds of the library and under sanitizers, or
 * EDDY_STACK_SIZE from the environment. */
size_t stack_default_size(void);

/* A stack of at least `size` bytes (0: the default) for this thread; NULL when there is no memory. */
struct stack *stack_take(size_t size);
void stack_give(struct stack *stack);

/* First address usable by code: 16-aligned, just below the struct. */
static inline void *stack_top(const struct stack *stack)
{
    return (void *)((uintptr_t)stack & ~(uintptr_t)15);
}

/* Only a stack past the mapping limit is checked by its canary; called at each switch away from it. */
static inline bool stack_intact(const struct stack *stack)
{
    return stack->guard != STACK_GUARD_CANARY || *(const uint64_t *)(const void *)stack->bottom == STACK_CANARY;
}

/* Unmaps every slab of this thread that has no stack in use.  Called when a loop closes, and at thread exit. */
void stack_pool_trim(void);
/* Most of what this thread's stacks hold is left over from a crowd that has gone. */
bool stack_pool_is_slack(void);
/* Stacks of this thread that are in use. */
long stack_live(void);

/* Who is told, once a process, that stacks go without a guard page; NULL: standard error. */
void stack_set_warner(void (*warner)(const char *text));

/*
 * A signal stack and a SIGSEGV/SIGBUS handler for this thread: a fault inside a guard page is reported as
 * `eddy: stack overflow in task "fetch-3" (size 131072 bytes): ...remedy` and then dies by the default action;
 * every other fault goes to the handler that was there before.  Installed once a process, refused silently where
 * a sanitizer owns the signal.  `namer` writes the name of a stack's owner; async-signal-safe.
 */
void stack_watch_overflow(void (*namer)(void *owner, char *buffer, size_t size));
/* The sentence and the abort for a canary that was overwritten. */
_Noreturn void stack_report_overflow(const struct stack *stack);

#endif
