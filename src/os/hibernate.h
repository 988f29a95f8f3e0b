/* SPDX-License-Identifier: MIT */
/*
 * hibernate.h - stacks that sleep: what a parked stack holds is kept elsewhere, and guards stand where its pages were.
 *
 * Whoever touches a sleeping stack, on whatever thread, wakes it (a SIGSEGV, see stack_overflow.c) and goes on.
 * Invariants: a touch finds the content whole, or faults and waits; it never finds a part of it, or zeros.  Memory that
 * is lent to the kernel, which takes a guard for an error, does not sleep.
 *
 * One lock of the process, held with all signals blocked, covers each change of a stack between the two.
 */
#ifndef EDDY_OS_HIBERNATE_H
#define EDDY_OS_HIBERNATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack;
struct stack_class;
struct stack_slab;

/* What a sleeping stack held; memory of who puts it to sleep, until he has taken it back. */
struct nap {
    uint32_t size; /* of `bytes` */
    bool asleep;   /* under the lock: `bytes` is what the stack holds */
    char bytes[];  /* from its stack pointer up to its end */
};

/* Of each stack of a slab. */
struct bed {
    struct nap *nap; /* NULL: it does not sleep, or its nap has been taken back */
    uint32_t lent;   /* pieces of it that are lent to the kernel */
};

/* Some thread's stacks may sleep.  One load and one branch where none may. */
extern bool hibernation_on; /* atomic */
static inline bool hibernate_is_on(void)
{
    return __builtin_expect(__atomic_load_n(&hibernation_on, __ATOMIC_RELAXED), 0);
}

/* NULL: stacks can sleep here.  Else why not, as the end of a sentence. */
const char *hibernate_refusal(void);
/* From now on this thread's stacks may sleep.  Where debugging tools watch the memory, none ever does.  False: no
 * memory. */
bool hibernate_begin(void);

/* Bytes of a struct nap for a stack that is parked at `pointer`; 0: sleeping would save nothing, or it is parked
 * elsewhere. */
size_t stack_nap_size(const struct stack *stack, const void *pointer);
/* On the thread of the stack, which stands on another.  False: it stays awake, and `nap` the caller's. */
bool stack_put_to_sleep(struct stack *stack, const void *pointer, struct nap *nap);
/* Wakes it, if it sleeps.  NULL: it had no nap; else that, to be freed. */
struct nap *stack_wake(struct stack *stack);
/* It sleeps now: none of it may be touched without waking it. */
bool stack_sleeps(const struct stack_slab *slab, size_t index);

/* From the handler of SIGSEGV: true: the instruction is to run again. */
bool hibernate_fault(uintptr_t address, uintptr_t pointer);

/* Any thread: what lies there stays awake until it is taken back as often as it was lent.  False: it is no stack. */
bool hibernate_lend(const void *memory);
void hibernate_take_back(const void *memory);

/* For a system call on this thread that returns at once: what lies there is awake. */
static inline void hibernate_touch(const void *memory)
{
    if (hibernate_is_on() && memory != NULL)
        (void)*(const volatile char *)memory;
}

/* Slabs of a thread whose stacks may sleep, for stack.c. */
void hibernate_add_slab(const struct stack_class *class, struct stack_slab *slab);
void hibernate_remove_slab(struct stack_slab *slab);

#endif
