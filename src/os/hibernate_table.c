/* SPDX-License-Identifier: MIT */
/* hibernate_table.c - slabs by address, and the lock: see hibernate_table.h. */
#define _GNU_SOURCE
#include "os/hibernate_table.h"

#include "base/tls_model.h"
#include "os/memory.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

bool hibernation_on; /* atomic */

static struct stack_slab **slabs; /* by address */
static size_t count, capacity;
static char *aside;
static uintptr_t lowest = UINTPTR_MAX, highest; /* atomic: all slabs there ever were lie between */
static unsigned char locked; /* atomic */
static __thread TLS_INITIAL_EXEC bool held;

/* ---- the lock ---- */

struct hibernate_lock hibernate_lock(void)
{
    struct hibernate_lock lock;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &lock.mask);
    while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE))
        sched_yield();
    held = true;
    return lock;
}

void hibernate_unlock(const struct hibernate_lock *lock)
{
    held = false;
    __atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
    pthread_sigmask(SIG_SETMASK, &lock->mask, NULL);
}

bool hibernate_held(void)
{
    return held;
}

/* ---- fork: the child finds no unfinished change ---- */

static struct hibernate_lock of_fork;

static void before_fork(void)
{
    struct hibernate_lock lock = hibernate_lock();
    of_fork = lock;
}

static void after_fork(void)
{
    struct hibernate_lock lock = of_fork;
    hibernate_unlock(&lock);
}

static void prepare(void)
{
    if (pthread_atfork(before_fork, after_fork, after_fork) != 0)
        return;
    void *place = mmap(NULL, HIBERNATE_MOST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place != MAP_FAILED)
        aside = place;
}

bool hibernate_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    return aside != NULL;
}

char *hibernate_aside(void)
{
    return aside;
}

/* ---- the table ---- */

/* The place of the first slab that ends after the address. */
static size_t place_of(uintptr_t address)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uintptr_t)slabs[middle]->stacks + slabs[middle]->count * slabs[middle]->stride <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct stack_slab *hibernate_find(uintptr_t address)
{
    size_t place = place_of(address);
    return place < count && address >= (uintptr_t)slabs[place]->stacks ? slabs[place] : NULL;
}

/* Called under the lock. */
static void note_bounds(uintptr_t low, uintptr_t high)
{
    if (low < lowest)
        __atomic_store_n(&lowest, low, __ATOMIC_RELAXED);
    if (high > highest)
        __atomic_store_n(&highest, high, __ATOMIC_RELAXED);
}

bool hibernate_may_know(uintptr_t address)
{
    uintptr_t low = __atomic_load_n(&lowest, __ATOMIC_RELAXED);
    return address >= low && address < __atomic_load_n(&highest, __ATOMIC_RELAXED);
}

/* Called under the lock; returns the old array, to be freed without it. */
static struct stack_slab **insert(struct stack_slab *slab, struct stack_slab **larger, size_t room)
{
    struct stack_slab **old = larger;
    if (larger != NULL && room > capacity) {
        if (count > 0)
            memcpy(larger, slabs, count * sizeof *slabs);
        old = slabs;
        slabs = larger;
        capacity = room;
    }
    size_t place = place_of((uintptr_t)slab->stacks);
    memmove(slabs + place + 1, slabs + place, (count - place) * sizeof *slabs);
    slabs[place] = slab;
    count++;
    return old;
}

/* Memory that outlives every loop does not come from a loop's allocator. */
static void *own_memory(size_t size)
{
    const struct eddy_allocator *before = memory_use(NULL);
    void *block = memory_alloc_zeroed(size);
    memory_use(before);
    return block;
}

static size_t next_capacity(void)
{
    struct hibernate_lock lock = hibernate_lock();
    size_t room = count < capacity ? 0 : capacity == 0 ? 16 : capacity * 2;
    hibernate_unlock(&lock);
    return room;
}

void hibernate_add_slab(const struct stack_class *class, struct stack_slab *slab)
{
    struct bed *beds = own_memory(slab->count * sizeof *beds);
    for (bool added = false; beds != NULL && !added;) {
        size_t room = next_capacity();
        struct stack_slab **larger = room != 0 ? own_memory(room * sizeof *larger) : NULL;
        if (room != 0 && larger == NULL)
            break;
        struct hibernate_lock lock = hibernate_lock();
        added = count < capacity || room > capacity;
        if (added) { /* else another thread has filled it meanwhile */
            slab->stride = class->stride;
            note_bounds((uintptr_t)slab->stacks, (uintptr_t)slab->stacks + slab->count * class->stride);
            slab->pool_asleep = &stack_pool.asleep;
            slab->beds = beds;
            larger = insert(slab, larger, room);
        }
        hibernate_unlock(&lock);
        memory_free(larger);
    }
    if (slab->beds == NULL)
        memory_free(beds);
}

void hibernate_remove_slab(struct stack_slab *slab)
{
    if (slab->beds == NULL)
        return;
    struct stack_slab **none = NULL;
    struct hibernate_lock lock = hibernate_lock();
    size_t place = place_of((uintptr_t)slab->stacks);
    memmove(slabs + place, slabs + place + 1, (--count - place) * sizeof *slabs);
    if (count == 0) {
        none = slabs;
        slabs = NULL;
        capacity = 0;
    }
    hibernate_unlock(&lock);
    memory_free(none);
    memory_free(slab->beds);
}
