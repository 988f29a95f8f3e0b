/* SPDX-License-Identifier: MIT */
/*
 * hibernate.h - stacks that sleep: the contents of a parked stack are kept elsewhere, and guards replace its pages.
 *
 * An access to a sleeping stack, on any thread, wakes it (by a SIGSEGV, see stack_overflow.c) and goes on.
 * Invariants: an access finds the complete contents, or faults and waits; it never finds a part of them, or zeros.
 * Memory that is lent to the kernel, which takes a guard for an error, does not sleep.
 *
 * One lock of the process, held with all signals blocked, covers each change of a stack between the two.
 */
#ifndef EDDY_OS_HIBERNATE_H
#define EDDY_OS_HIBERNATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hidden.h"

struct stack;
struct stack_class;
struct stack_slab;

/* The contents of a sleeping stack; it is memory of the code that puts the stack to sleep, until that has taken it
 * back. */
struct nap {
    uint32_t size; /* of `bytes` */
    bool asleep;   /* accessed under the lock: `bytes` has the contents of the stack */
    char bytes[];  /* from its stack pointer up to its end */
};

/* One for each stack of a slab. */
struct bed {
    struct nap *nap; /* NULL: it does not sleep, or its nap has been taken back */
    uint32_t lent;   /* number of its pieces that are lent to the kernel */
};

/* True: some thread's stacks may sleep. One load, and a branch if none may. */
extern HIDDEN_VARIABLE bool hibernation_on; /* atomic */
static inline bool hibernate_is_on(void)
{
    return __builtin_expect(__atomic_load_n(&hibernation_on, __ATOMIC_RELAXED), 0);
}

/* NULL: stacks can sleep here.  Else why not, as the end of a sentence. */
const char *hibernate_refusal(void);
/* From now on this thread's stacks may sleep. If debugging tools watch the memory, none ever does. False: no memory. */
bool hibernate_begin(void);

/* Bytes of a struct nap for a stack that is parked at `pointer`; 0: sleeping would save nothing, or it is parked
 * elsewhere. */
size_t stack_nap_size(const struct stack *stack, const void *pointer);
/* Called on the thread of the stack, on another stack. False: it stays awake, and `nap` still belongs to the caller. */
bool stack_put_to_sleep(struct stack *stack, const void *pointer, struct nap *nap);
/* Wakes the stack if it sleeps. NULL: it had no nap; else the nap, to be freed. */
struct nap *stack_wake(struct stack *stack);
/* True: it sleeps now: no part of it may be touched without waking it. */
bool stack_sleeps(const struct stack_slab *slab, size_t index);

/* Called by the handler of SIGSEGV. True: the instruction must run again. */
bool hibernate_fault(uintptr_t address, uintptr_t pointer);

/* Any thread: memory there stays awake until it is taken back as often as it was lent. False: it is not on a stack. */
bool hibernate_lend(const void *memory);
void hibernate_take_back(const void *memory);

/* For a system call on this thread that returns at once: wakes the memory there. */
static inline void hibernate_touch(const void *memory)
{
    if (hibernate_is_on() && memory != NULL)
        (void)*(const volatile char *)memory;
}

/* Slabs of a thread whose stacks may sleep, for stack.c. */
void hibernate_add_slab(const struct stack_class *class, struct stack_slab *slab);
void hibernate_remove_slab(struct stack_slab *slab);

#endif
