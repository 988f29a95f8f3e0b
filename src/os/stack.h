/* SPDX-License-Identifier: MIT */
/*
 * stack.h - memory for stacks: slabs of equal stacks, reused last-in first-out, each with a guard below.
 *
 * Each thread has one pool; a stack goes back to the pool of the thread that took it. Invariant: a free stack is
 * linked through words at its very top, so that taking the stack that was used last touches one warm page. Growing
 * downward: `top` is the highest address, the guard lies at `bottom`, and frames may lie from `floor` on.
 */
#ifndef EDDY_OS_STACK_H
#define EDDY_OS_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* EDDY_STACK_GUARD=madvise|mprotect|canary|none chooses one; EDDY_MAP_LIMIT=n replaces vm.max_map_count. */
enum stack_guard { STACK_GUARD_MADVISE, STACK_GUARD_MPROTECT, STACK_GUARD_CANARY, STACK_GUARD_NONE };

/* Lies in the topmost bytes of the stack that it describes. */
struct stack {
    struct stack *next;      /* while this stack is free: the next free one of the pool; while it is in use: itself */
    char *bottom;            /* lowest address; the guard is [bottom, floor) */
    char *floor;             /* the lowest address that a frame may lie at */
    size_t size;             /* the requested size, rounded up to pages; reported with an overflow */
    struct stack_class *class; /* the class that it goes back to */
    struct stack_slab *slab; /* the mapping that it is a part of */
    void *owner;             /* its current owner: the report of an overflow asks the namer about it */
    const char *generator;   /* the name of the generator that runs on it; NULL: a task does */
    uint32_t valgrind_id;    /* the number that VALGRIND_STACK_REGISTER returned */
    uint8_t guard;           /* a value of enum stack_guard */
    bool checked;            /* it has a canary, or Memcheck watches it: both are prepared whenever it is taken */
};

/* Bytes below each stack's lowest frame that belong to no stack: a foreign frame of up to this size does not jump
 * over them. */
#define STACK_GUARD_SIZE ((size_t)64 * 1024)
/* The word that fills the last page below the floor of a stack without a guard. */
#define STACK_CANARY UINT64_C(0x6564647963616e61)

/* Default size in bytes, guard included: 256 KiB of address space, four times that in -O0 builds of the library and
 * under sanitizers, or EDDY_STACK_SIZE from the environment. */
size_t stack_default_size(void);
/* STACK_GUARD_SIZE, or a page if that is larger. */
size_t stack_guard_size(void);

/* A stack of at least `size` bytes (0: the default) for this thread; NULL if there is no memory. */
struct stack *stack_take(size_t size);
void stack_give(struct stack *stack);

/* First address usable by code: 16-aligned, just below the struct. */
static inline void *stack_top(const struct stack *stack)
{
    return (void *)((uintptr_t)stack & ~(uintptr_t)15);
}

/* Only a stack beyond the mapping limit is checked by its canary; called at each switch away from it. */
bool stack_canary_intact(const struct stack *stack);
static inline bool stack_intact(const struct stack *stack)
{
    return __builtin_expect(stack->guard != STACK_GUARD_CANARY, 1) || stack_canary_intact(stack);
}

/* The stack of this thread that is in use and contains `address`; NULL: none, it is in the thread's own stack. */
struct stack *stack_around(const void *address);

/* How the next stack is guarded, while the kernel allows it. */
enum stack_guard stack_guard_method(void);
/* True: a stack of that size (0: the default) can be taken without making one. */
bool stack_is_free(size_t size);
/* Of this thread. */
long stacks_asleep(void);

struct stack_walk {
    size_t steps;             /* greatest number of stacks to look at */
    struct stack_slab *begun; /* of the first, with its index; NULL: none was looked at so far */
    size_t index;
    unsigned passed;          /* how often the walk has come to the beginning of that slab */
};
/* The next of this thread's stacks that are in use by a task and awake; NULL: all were looked at, or enough.  None is
 * made or removed during a walk. */
struct stack *stack_next_awake(struct stack_walk *walk);

/* Unmaps every slab of this thread that has no stack in use.  Called when a loop closes, and at thread exit. */
void stack_pool_trim(void);
/* True: most of this thread's stacks are free, left over from a time with more tasks. */
bool stack_pool_is_slack(void);
/* Number of stacks of this thread that are in use. */
long stack_live(void);

/* The function that is told, once a process, that stacks have no guard page; NULL: standard error. */
void stack_set_warner(void (*warner)(const char *text));

/* ---- overflows: see stack_overflow.c ---- */

/* Writes the name of the owner of a task's stack, with its kind (`task "fetch-3"`); owner NULL: of the code that
 * runs on the thread's own stack. Async-signal-safe. */
void stack_set_namer(void (*namer)(void *owner, char *buffer, size_t size));
/*
 * Reports overflows on this thread from now on. Sets up a signal stack for the thread, if it has none, and, once, a
 * handler of SIGSEGV and SIGBUS for the process. A thread's first stack does this, too. allowed false: this thread
 * is not watched instead. It has no effect after stack_refuse_handler, with EDDY_NO_FAULT_HANDLER=1, or where a
 * sanitizer owns the signals.
 */
void stack_watch_overflow(bool allowed);
/* For threads of the library: the same if the handler is already installed. what: `blocking function "f"`. */
void stack_watch_thread(void);
/* The work of this thread, which belongs to a pool: a kind and a name. NULL: nothing to report. */
void stack_note_work(const char *kind, const char *name);
/* True: the handler is installed, and gets each fault first; a handler that the program has set since comes after. */
bool stack_catches_faults(void);
/* The handler will not be installed in this process. False: it is already installed. */
bool stack_refuse_handler(void);
/* Prints the report for a canary that was overwritten, and aborts. */
_Noreturn void stack_report_overflow(const struct stack *stack);

#endif
