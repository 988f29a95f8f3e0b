/* SPDX-License-Identifier: MIT */
/*
 * memory.h - every heap block of the library comes from here.
 *
 * Each block remembers the allocator it came from, so that a block may outlive the loop whose options named that
 * allocator. A request may fail: then it returns NULL, and the caller reports ENOMEM.
 */
#ifndef EDDY_OS_MEMORY_H
#define EDDY_OS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hidden.h"

struct eddy_allocator;

/* The allocator of this thread's next blocks; NULL: malloc and free. Returns the previous one. */
const struct eddy_allocator *memory_use(const struct eddy_allocator *allocator);

void *memory_alloc(size_t size);
void *memory_alloc_zeroed(size_t size);
/* Like realloc; the block keeps its allocator. On failure the old block is unchanged. */
void *memory_grow(void *block, size_t size);
char *memory_copy_string(const char *text);
void memory_free(void *block);

/* Bytes of a cache line: to begin at a cache line, so many more bytes are requested than are needed. */
enum { MEMORY_LINE = 64 };
/* The first place in a block at the beginning of a cache line. */
static inline void *memory_first_line(void *block)
{
    return (char *)block + (-(uintptr_t)block & (MEMORY_LINE - 1));
}

/* Gives free memory of malloc back to the system, including that of libraries such as OpenSSL. It
 * walks all free memory. */
void memory_give_back(void);
/* Number of blocks in use in the whole process: tests count them to find leaks. */
long memory_live_blocks(void);

/*
 * Fault injection: true when this request must fail. EDDY_FAIL_ALLOC=n in the environment (read once) fails the n-th
 * request of the process, stacks included; tests set it by memory_fail_after(n), 0 turns it off.
 */
static inline bool memory_fault(void);
void memory_fail_after(long n);

/* Number of requests until the one that fails; 0: none fails. In this header to cost one load and one branch. */
extern HIDDEN_VARIABLE long memory_fault_countdown;
bool memory_fault_step(void);

/* True: one of the next requests will fail. */
static inline bool memory_may_fail(void)
{
    return __builtin_expect(__atomic_load_n(&memory_fault_countdown, __ATOMIC_RELAXED) > 0, 0);
}

static inline bool memory_fault(void)
{
    return __builtin_expect(__atomic_load_n(&memory_fault_countdown, __ATOMIC_RELAXED) > 0, 0)
        && memory_fault_step();
}

#endif
