/* SPDX-License-Identifier: MIT */
/*
 * stack_ahead.c - while the number of stacks grows, the guards and top pages of the next ones are made many at a
 * time.
 *
 * One call for many stacks costs less than many calls, and a page that is requested costs half as much as one that
 * is faulted in. At most a sixteenth of the stacks in use, and at most 64, are made ahead of need.
 */
#define _GNU_SOURCE
#include "os/probe.h"
#include "os/stack_pool.h"
#include "os/valgrind.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if !defined(SYS_process_madvise)
#define SYS_process_madvise 440
#endif
/* Refers to this process without a descriptor: Linux 6.15. */
#define OWN_PROCESS (-10000)
#define POPULATE_WRITE 23 /* MADV_POPULATE_WRITE, Linux 5.14 */

enum { FEWEST = 4, MOST = 64 };

static size_t how_many(const struct stack_class *class, const struct stack_slab *slab)
{
    size_t count = (size_t)class->carved / 16, left = slab->count - slab->carved;
    if (count > MOST)
        count = MOST;
    return count < left ? count : left;
}

/* Gives the same advice for `size` bytes at `first`, and at each stride from there. */
static bool advise(char *first, size_t stride, size_t count, size_t size, int advice)
{
    struct iovec pieces[MOST];
    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct iovec){first + i * stride, size};
    return syscall(SYS_process_madvise, OWN_PROCESS, pieces, count, advice, 0) == (long)(count * size);
}

void stack_make_ahead(const struct stack_class *class, struct stack_slab *slab)
{
    static bool refused; /* atomic: the kernel has refused the call */
    size_t count = how_many(class, slab), page = stack_page_size();
    if (count < FEWEST || __atomic_load_n(&refused, __ATOMIC_RELAXED) || RUNNING_ON_VALGRIND)
        return;
    char *bottom = slab->stacks + slab->carved * class->stride;
    if (!advise(bottom, class->stride, count, stack_guard_size(), PROBE_MADV_GUARD_INSTALL)) {
        __atomic_store_n(&refused, true, __ATOMIC_RELAXED);
        return;
    }
    /* Without it the first access brings the page. */
    (void)advise(bottom + class->stride - page, class->stride, count, page, POPULATE_WRITE);
    slab->ahead = slab->carved + count;
}
