/* SPDX-License-Identifier: MIT */
/*
 * memory.c - heap blocks with a header in front, which names the allocator.
 *
 * Invariant: `block` is always 16 bytes after the start of the allocator's block, and `header.size` is
 * what the caller asked for, so that release gets back exactly the size that allocate was asked for.
 */
#define _GNU_SOURCE
#include "os/memory.h"

#include "base/tls_model.h"
#include "eddy/allocator.h"
#include "os/valgrind.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define HAVE_SINGLE_THREADED 1
#endif
#endif

struct header {
    _Alignas(16) const struct eddy_allocator *allocator; /* NULL: malloc */
    size_t size;                                         /* size of the block, without this header */
};

static __thread TLS_INITIAL_EXEC const struct eddy_allocator *current;
static long live_blocks;
/* Memcheck calls a block "possibly lost" if only a pointer into it is known: it is told of the inner block. */
static bool on_valgrind;
long memory_fault_countdown;

__attribute__((constructor)) static void read_environment(void)
{
    const char *n = getenv("EDDY_FAIL_ALLOC");
    if (n)
        memory_fail_after(strtol(n, NULL, 10));
    on_valgrind = RUNNING_ON_VALGRIND != 0;
}

/* A locked instruction costs as much as a small malloc; with one thread in the process no lock is needed. */
static void count_live(long change)
{
#if defined(HAVE_SINGLE_THREADED)
    if (__libc_single_threaded) {
        __atomic_store_n(&live_blocks, live_blocks + change, __ATOMIC_RELAXED);
        return;
    }
#endif
    __atomic_fetch_add(&live_blocks, change, __ATOMIC_RELAXED);
}

static struct header *header_of(void *block)
{
    return (struct header *)block - 1;
}

/* glibc keeps small blocks that were freed for malloc alone: calloc takes ten times as many instructions. Large blocks
 * are often fresh from the kernel, and calloc knows that they are zero. */
enum { SMALL = 1024 };

static struct header *request(const struct eddy_allocator *allocator, size_t size, bool zeroed)
{
    size_t whole = size + sizeof(struct header);
    if (whole < size || memory_fault())
        return NULL;
    if (!allocator && zeroed && whole > SMALL)
        return calloc(1, whole);
    struct header *header = allocator ? allocator->allocate(allocator->context, whole) : malloc(whole);
    if (header && zeroed)
        memset(header, 0, whole);
    return header;
}

/* Out of line: their arguments take room in the frame of every allocation. */
static __attribute__((noinline, cold)) void tell_valgrind(void *block, size_t size, bool zeroed)
{
    VALGRIND_MALLOCLIKE_BLOCK(block, size, 0, zeroed);
}

static __attribute__((noinline, cold)) void tell_valgrind_of_end(void *block)
{
    VALGRIND_FREELIKE_BLOCK(block, 0);
}

static inline __attribute__((always_inline)) void *allocate(const struct eddy_allocator *allocator, size_t size,
                                                            bool zeroed)
{
    struct header *header = request(allocator, size, zeroed);
    if (!header)
        return NULL;
    header->allocator = allocator;
    header->size = size;
    count_live(1);
    if (__builtin_expect(on_valgrind, 0) && !allocator)
        tell_valgrind(header + 1, size, zeroed);
    return header + 1;
}

const struct eddy_allocator *memory_use(const struct eddy_allocator *allocator)
{
    const struct eddy_allocator *before = current;
    current = allocator;
    return before;
}

void *memory_alloc(size_t size)
{
    return allocate(current, size, false);
}

void *memory_alloc_zeroed(size_t size)
{
    return allocate(current, size, true);
}

/* For allocators that cannot grow a block. */
static void *move_block(void *block, size_t size)
{
    struct header *old = header_of(block);
    void *moved = allocate(old->allocator, size, false);
    if (!moved)
        return NULL;
    memcpy(moved, block, old->size < size ? old->size : size);
    memory_free(block);
    return moved;
}

void *memory_grow(void *block, size_t size)
{
    if (!block)
        return memory_alloc(size);
    struct header *header = header_of(block);
    if (header->allocator || on_valgrind)
        return move_block(block, size);
    if (size + sizeof *header < size || memory_fault())
        return NULL;
    header = realloc(header, size + sizeof *header);
    if (!header)
        return NULL;
    header->size = size;
    return header + 1;
}

char *memory_copy_string(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_alloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

void memory_free(void *block)
{
    if (!block)
        return;
    struct header *header = header_of(block);
    const struct eddy_allocator *allocator = header->allocator;
    count_live(-1);
    if (allocator) {
        allocator->release(allocator->context, header, header->size + sizeof *header);
        return;
    }
    if (__builtin_expect(on_valgrind, 0))
        tell_valgrind_of_end(block);
    free(header);
}

void memory_give_back(void)
{
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

long memory_live_blocks(void)
{
    return __atomic_load_n(&live_blocks, __ATOMIC_RELAXED);
}

/* Several threads may be here at once: exactly one of them sees the count reach zero. */
bool memory_fault_step(void)
{
    return __atomic_fetch_sub(&memory_fault_countdown, 1, __ATOMIC_RELAXED) == 1;
}

void memory_fail_after(long n)
{
    __atomic_store_n(&memory_fault_countdown, n > 0 ? n : 0, __ATOMIC_RELAXED);
}
