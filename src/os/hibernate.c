/* SPDX-License-Identifier: MIT */
/*
 * hibernate.c - one stack put to sleep, and woken: see hibernate.h.
 *
 * To sleep: its pages are made read-only, copied, shut, and replaced by guards. To wake: with all access shut the
 * guards are taken away, the place is moved aside, filled there, and moved back in one step. Moved back to where it
 * came from, it merges with its neighbours again: the number of mappings stays as it is. While the process has one
 * thread, and signals are blocked, no other code can read the stack, and guards and copies suffice.
 */
#define _GNU_SOURCE
#include "os/hibernate.h"

#include "os/hibernate_table.h"
#include "os/probe.h"
#include "os/stack_pool.h"

#include <string.h>
#include <sys/mman.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define HAVE_SINGLE_THREADED 1
#endif
#endif

/* Less than this saved is not worth the time. */
#define LEAST_SAVED ((size_t)1024)

static bool alone(void)
{
#if defined(HAVE_SINGLE_THREADED)
    return __libc_single_threaded;
#else
    return false;
#endif
}

/* The pages of a stack that contain data while it is parked. */
struct pages {
    char *low;
    size_t size;
};

static struct pages pages_of(char *end, size_t used)
{
    uintptr_t page = stack_page_size(), low = ((uintptr_t)end - used) & ~(page - 1);
    return (struct pages){(char *)low, (size_t)((uintptr_t)end - low)};
}

static uint64_t changes;

uint64_t hibernate_changes(void)
{
    return changes;
}

/* ---- to sleep ---- */

static bool lies_on(const struct stack *stack, const void *place)
{
    return (const char *)place > stack->floor && (const char *)place < (const char *)stack;
}

size_t stack_nap_size(const struct stack *stack, const void *pointer)
{
    const char *low = pointer;
    if (!lies_on(stack, low) || stack->guard != STACK_GUARD_MADVISE || !stack->slab->beds)
        return 0;
    if (lies_on(stack, __builtin_frame_address(0))) /* it runs at this moment */
        return 0;
    char *end = hibernate_end(stack->slab, stack);
    size_t held = pages_of(end, (size_t)(end - low)).size;
    size_t size = sizeof(struct nap) + (size_t)((const char *)(stack + 1) - low);
    return held > HIBERNATE_MOST || size + LEAST_SAVED > held ? 0 : size;
}

static bool shut(const struct pages *pages, int protection)
{
    return alone() || mprotect(pages->low, pages->size, protection) == 0;
}

/* Makes a mapping that was cut whole again, which takes no new mapping: it can fail only if the kernel has no
 * memory. */
static void open_again(const struct pages *pages)
{
    while (!shut(pages, PROT_READ | PROT_WRITE))
        ;
}

/* Called under the lock. False: it is awake as before. */
static bool replace(struct bed *bed, const struct pages *pages, const char *low, struct nap *nap)
{
    if (bed->lent != 0 || !shut(pages, PROT_READ))
        return false;
    changes++;
    memcpy(nap->bytes, low, nap->size);
    /* The kernel takes the page away before the guard is there: a reader in between would find zeros. */
    nap->asleep =
        shut(pages, PROT_NONE) && madvise(pages->low, pages->size, PROBE_MADV_GUARD_INSTALL) == 0;
    if (nap->asleep)
        bed->nap = nap;
    open_again(pages);
    return nap->asleep;
}

static void count(struct stack_slab *slab, long change)
{
    slab->asleep += (size_t)change;
    __atomic_fetch_add(slab->pool_asleep, change, __ATOMIC_RELAXED);
}

long stacks_asleep(void)
{
    return __atomic_load_n(&stack_pool.asleep, __ATOMIC_RELAXED);
}

bool stack_put_to_sleep(struct stack *stack, const void *pointer, struct nap *nap)
{
    struct stack_slab *slab = stack->slab;
    struct bed *bed = &slab->beds[hibernate_index(slab, stack)];
    char *floor = stack->floor;
    nap->size = (uint32_t)((char *)(stack + 1) - (const char *)pointer);
    char *end = hibernate_end(slab, stack);
    struct pages pages = pages_of(end, (size_t)(end - (const char *)pointer));
    struct hibernate_lock lock = hibernate_lock();
    bool sleeps = replace(bed, &pages, pointer, nap);
    if (sleeps)
        count(slab, 1);
    hibernate_unlock(&lock);
    if (sleeps && pages.low > floor) /* data of frames that have returned */
        madvise(floor, (size_t)(pages.low - floor), MADV_DONTNEED);
    return sleeps;
}

/* ---- to wake ---- */

static void fill(char *low, const struct nap *nap)
{
    memcpy(low, nap->bytes, nap->size);
}

/* Called while no other code can read the stack. */
static void wake_at_once(const struct pages *pages, char *low, const struct nap *nap)
{
    while (madvise(pages->low, pages->size, PROBE_MADV_GUARD_REMOVE) != 0)
        ;
    fill(low, nap);
}

static bool move(char *from, char *to, size_t size)
{
    return mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | HIBERNATE_DONTUNMAP, to) == to;
}

/* Filled at another place and moved into position. False: the limit on mappings is reached. */
static bool wake_whole(const struct pages *pages, char *low, const struct nap *nap)
{
    char *aside = hibernate_aside();
    if (mprotect(pages->low, pages->size, PROT_NONE) != 0)
        return false;
    while (madvise(pages->low, pages->size, PROBE_MADV_GUARD_REMOVE) != 0)
        ;
    bool moved = move(pages->low, aside, pages->size) &&
                 mprotect(aside, pages->size, PROT_READ | PROT_WRITE) == 0;
    if (moved) {
        fill(aside + (low - pages->low), nap);
        moved = move(aside, pages->low, pages->size);
    }
    if (!moved) {
        open_again(pages);
        fill(low, nap);
    }
    return true;
}

/* Called under the lock. */
void hibernate_restore(struct stack_slab *slab, size_t index)
{
    struct nap *nap = slab->beds[index].nap;
    char *end = slab->stacks + (index + 1) * slab->stride;
    char *low = end - index % 8 * 128 - nap->size; /* see stack_at */
    struct pages pages = pages_of(end, (size_t)(end - low));
    if (alone() || !wake_whole(&pages, low, nap))
        wake_at_once(&pages, low, nap);
    nap->asleep = false;
    count(slab, -1);
    changes++;
}

struct nap *stack_wake(struct stack *stack)
{
    struct hibernate_lock lock = hibernate_lock();
    struct stack_slab *slab = hibernate_find((uintptr_t)stack);
    struct nap *nap = NULL;
    if (slab != NULL) {
        size_t index = hibernate_index(slab, stack);
        nap = slab->beds[index].nap;
        if (nap != NULL && nap->asleep)
            hibernate_restore(slab, index);
        slab->beds[index].nap = NULL;
    }
    hibernate_unlock(&lock);
    return nap;
}

bool stack_sleeps(const struct stack_slab *slab, size_t index)
{
    return slab->beds != NULL && slab->beds[index].nap != NULL && slab->beds[index].nap->asleep;
}
