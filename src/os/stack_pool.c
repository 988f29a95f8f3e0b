/* SPDX-License-Identifier: MIT */
/* stack_pool.c - the layout of a slab, and the checks of a canary, for stack.c and for the handler of an overflow. */
#define _GNU_SOURCE
#include "os/stack_pool.h"

#include <unistd.h>

/* The part of a canary that each switch checks: frames leave gaps, seldom of that size. */
#define CANARY_CHECKED ((size_t)512)

__thread struct stack_pool stack_pool;

size_t stack_page_size(void)
{
    static size_t page; /* set by the first call; atomic, since threads may make the first call at the same time */
    size_t known = __atomic_load_n(&page, __ATOMIC_RELAXED);
    if (known == 0) {
        known = (size_t)sysconf(_SC_PAGESIZE);
        __atomic_store_n(&page, known, __ATOMIC_RELAXED);
    }
    return known;
}

size_t stack_guard_size(void)
{
    size_t page = stack_page_size();
    return page > STACK_GUARD_SIZE ? page : STACK_GUARD_SIZE;
}

/*
 * Stacks a power of two apart put their first frames into the same few sets of the first-level
 * cache.  Eight places within the top page spread them; the page that is touched anyway stays the
 * only one.
 */
struct stack *stack_at(const struct stack_class *class, const struct stack_slab *slab, size_t index)
{
    size_t colour = index % 8 * 128;
    return (void *)(slab->stacks + (index + 1) * class->stride - colour - sizeof(struct stack));
}

static bool is_canary(const char *low, const char *high)
{
    for (const uint64_t *at = (const void *)low; (const char *)at < high; at++)
        if (*at != STACK_CANARY)
            return false;
    return true;
}

bool stack_canary_intact(const struct stack *stack)
{
    return is_canary(stack->floor - CANARY_CHECKED, stack->floor);
}

bool stack_canary_page_intact(const char *floor)
{
    return is_canary(floor - stack_page_size(), floor);
}
