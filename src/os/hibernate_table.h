/* SPDX-License-Identifier: MIT */
/*
 * hibernate_table.h - the slabs of the process whose stacks may sleep, by address; the lock.  For hibernate*.c alone.
 *
 * The table is read by the handler of SIGSEGV: it changes under the lock only.
 */
#ifndef EDDY_OS_HIBERNATE_TABLE_H
#define EDDY_OS_HIBERNATE_TABLE_H

#include "os/hibernate.h"
#include "os/stack_pool.h"

#include <signal.h>
#include <sys/mman.h>

#if defined(MREMAP_DONTUNMAP)
#define HIBERNATE_DONTUNMAP MREMAP_DONTUNMAP
#else
#define HIBERNATE_DONTUNMAP 4 /* Linux 5.7 */
#endif

/* Stacks that hold more than this stay awake. */
#define HIBERNATE_MOST ((size_t)64 * 1024)

struct hibernate_lock {
    sigset_t mask; /* the signal mask before */
};

/* Must not be called by a thread that holds it: see hibernate_held. */
struct hibernate_lock hibernate_lock(void);
void hibernate_unlock(const struct hibernate_lock *lock);
/* True: this thread holds it. */
bool hibernate_held(void);
/* Called once a process: prepares what the functions here need. False: no memory. */
bool hibernate_prepare(void);

/* Called under the lock: the slab whose stacks contain the address; NULL: none. */
struct stack_slab *hibernate_find(uintptr_t address);
/* Without the lock: false: hibernate_find would find none. */
bool hibernate_may_know(uintptr_t address);
/* Under the lock: HIBERNATE_MOST bytes of address space to fill pages in. */
char *hibernate_aside(void);
/* Called under the lock: how often access to some stack has changed so far. */
uint64_t hibernate_changes(void);
/* Under the lock: wakes the stack of that number, which sleeps. */
void hibernate_restore(struct stack_slab *slab, size_t index);

static inline size_t hibernate_index(const struct stack_slab *slab, const void *address)
{
    return (size_t)((const char *)address - slab->stacks) / slab->stride;
}
/* The stack that contains the address. */
static inline char *hibernate_end(const struct stack_slab *slab, const void *address)
{
    return slab->stacks + (hibernate_index(slab, address) + 1) * slab->stride;
}

#endif
