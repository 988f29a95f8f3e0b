/* SPDX-License-Identifier: MIT */
/*
 * stack_pool.h - the pool of a thread, laid out so that a signal handler may read it; shared by stack.c and
 * stack_overflow.c.
 *
 * A slab is one mapping: a guard, then `count` equal stacks, of which the first `carved` have been used, then a page
 * with this head. An overflow, which runs downward, reaches the guard and not the head. Invariants: only the first
 * slab of a class has stacks that are not carved. Stacks with canaries are the last of their slab.
 */
#ifndef EDDY_OS_STACK_POOL_H
#define EDDY_OS_STACK_POOL_H

#include "base/tls_model.h"
#include "os/memory.h"
#include "os/stack.h"

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define STACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_ASAN 1
#endif
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define STACK_BIG_FRAMES 1
#define STACK_WATCHED    1 /* a tool watches memory */
#endif
#endif
#if defined(STACK_ASAN) || defined(__SANITIZE_THREAD__)
#define STACK_WATCHED 1
#endif
#if defined(STACK_ASAN) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define STACK_BIG_FRAMES 1
#endif

struct stack_slab {
    struct stack_slab *next; /* next slab of the same class */
    char *base;              /* the lowest address of the mapping, of its guard */
    char *stacks;            /* the lowest address of the first stack */
    size_t bytes;            /* size of the whole mapping, this page included */
    size_t count;            /* number of stacks */
    size_t carved;           /* number of stacks that were taken once */
    size_t ahead;            /* number of the first stacks that have guard and top page: see stack_ahead.c */
    size_t guards;           /* number of stacks whose guard costs a mapping */
    size_t guarded;          /* number of the first stacks with a guard; the others have a canary; SIZE_MAX: all */
    struct bed *beds;        /* one for each stack, see hibernate.h; NULL: no stack of the slab may sleep */
    size_t stride;           /* beds of that class; set together with beds */
    size_t asleep;           /* number of stacks that sleep; under the lock of hibernate.h */
    long *pool_asleep;       /* `asleep` of the pool that the slab belongs to */
    size_t free;             /* number of free stacks, counted by stack_pool_trim; meaningless otherwise */
};

/* All stacks of one size. */
struct stack_class {
    struct stack *free;       /* last in, first out */
    size_t size;              /* the requested size; 0: never used */
    size_t stride;            /* address space of each stack */
    long live;                /* number of stacks taken and not given back */
    long carved;              /* of all slabs */
    struct stack_slab *slabs; /* the newest first */
    size_t next_count;        /* number of stacks of the next slab */
    struct stack_class *next; /* of the pool */
};

/* Where the last walk through a thread's stacks has ended: see stack_walk.c. */
struct stack_hand {
    struct stack_class *class;
    struct stack_slab *slab; /* NULL: before the first of the class */
    size_t index;
};

struct stack_pool {
    struct stack_class common; /* stacks of the default size; the head of the list of classes */
    void *signal_stack;        /* the signal stack that an overflow is reported from; NULL: not the library's */
    size_t signal_stack_size;  /* in bytes */
    bool watched;              /* overflows of this thread are reported */
    bool left_alone;           /* they must not be reported */
    void *passed;              /* context of a fault that is being passed on to the program's handler */
    char *passer;              /* the frame that passes it on */
    bool sleeps;               /* the thread's stacks may sleep: see hibernate_begin */
    long asleep;               /* atomic: number of stacks that sleep. Any thread may wake one */
    struct stack_hand hand;    /* where the last walk through the stacks has ended */
    uintptr_t told_address;    /* address of the overflow that was reported last */
    uintptr_t told_pointer;    /* its stack pointer */
    char *own_base;            /* an address in the thread's own stack, near its beginning */
    char *own_low;             /* the lowest address of that stack; NULL: the first thread's, which grows */
    size_t own_size;           /* size of that stack, if own_low is known */
    const char *work_kind;     /* a thread of a pool: what it is doing; NULL: nothing to report */
    const char *work_name;     /* the name of that work */
};

extern __thread TLS_INITIAL_EXEC struct stack_pool stack_pool;

/* A stack of the default size that was in use before; NULL: stack_take may have one. */
static inline struct stack *stack_take_again(void)
{
    struct stack *stack = stack_pool.common.free;
    if (!stack || stack->checked || memory_may_fail())
        return NULL;
    stack_pool.common.free = stack->next;
    stack_pool.common.live++;
    stack->generator = NULL;
    stack->next = stack;
    return stack;
}

/* stack_give, in line. */
static inline void stack_give_back(struct stack *stack)
{
#ifdef STACK_ASAN
    stack_give(stack);
#else
    if (__builtin_expect(stack->next != stack || stack->guard == STACK_GUARD_CANARY, 0)) {
        stack_give(stack);
        return;
    }
    struct stack_class *class = stack->class;
    stack->next = class->free;
    class->free = stack;
    class->live--;
#endif
}

size_t stack_page_size(void);
/* The struct of the stack number `index` of a slab. */
struct stack *stack_at(const struct stack_class *class, const struct stack_slab *slab,
                       size_t index);
/* True: the whole canary page is intact; the check at each switch looks at its upper end. */
bool stack_canary_page_intact(const char *floor);
/* The next stacks of the slab get their guards of MADV_GUARD_INSTALL and their top pages, in two calls for all. Does
 * nothing if they are few, or if the kernel has no such call. */
void stack_make_ahead(const struct stack_class *class, struct stack_slab *slab);
/* Unmaps this thread's signal stack. */
void stack_overflow_forget(void);

#endif
