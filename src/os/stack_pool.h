/* SPDX-License-Identifier: MIT */
/*
 * stack_pool.h - what stack.c and stack_overflow.c share: the pool of a thread as a signal handler
 * may read it.
 *
 * A slab is one mapping: a page with this head of its own, then `count` equal stacks, of which the
 * first `carved` have been used.  Invariant: only the first slab of a class has stacks that are not
 * carved.
 */
#ifndef EDDY_OS_STACK_POOL_H
#define EDDY_OS_STACK_POOL_H

#include "os/stack.h"

#include <stddef.h>

struct stack_slab {
    struct stack_slab *next; /* of the same class */
    char *stacks;            /* the lowest address of the first stack */
    size_t bytes;            /* of the whole mapping, this page included */
    size_t count;            /* stacks that fit */
    size_t carved;           /* stacks that were taken once */
    size_t guards;           /* those whose guard costs a mapping */
    size_t free;             /* counted by stack_pool_trim, meaningless otherwise */
};

/* All stacks of one size. */
struct stack_class {
    struct stack *free;       /* last in, first out */
    size_t size;              /* of each; 0: never used */
    long live;                /* taken and not given back */
    long carved;              /* of all slabs */
    struct stack_slab *slabs; /* the newest first */
    size_t next_count;        /* stacks of the next slab */
    struct stack_class *next; /* of the pool */
};

struct stack_pool {
    struct stack_class common; /* of the default size; the head of the list of classes */
    void *signal_stack;        /* where an overflow is reported from; NULL: none of ours */
    size_t signal_stack_size;  /* in bytes */
};

/* Initial-exec: one instruction to reach it, and safe in a signal handler, where a lazily allocated
 * block is not. */
#if defined(__GLIBC__)
extern __thread struct stack_pool stack_pool __attribute__((tls_model("initial-exec")));
#else
extern __thread struct stack_pool stack_pool;
#endif

size_t stack_page_size(void);
/* Where the struct of the stack number `index` of a slab lies. */
struct stack *stack_at(const struct stack_class *class, const struct stack_slab *slab,
                       size_t index);
/* This thread's end will give back what its pool holds. */
void stack_pool_attach(void);
/* Unmaps this thread's signal stack. */
void stack_overflow_forget(void);

#if defined(__SANITIZE_ADDRESS__)
#define STACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_ASAN 1
#endif
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define STACK_BIG_FRAMES 1
#endif
#endif
#if defined(STACK_ASAN) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define STACK_BIG_FRAMES 1
#endif

#endif
