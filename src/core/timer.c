/* SPDX-License-Identifier: MIT */
/* timer.c - the timers of a loop. Each node has four children: half the depth of a heap with two, and siblings share a
 * cache line. */
#include "core/timer.h"

#include <string.h>

#include "os/clock.h"
#include "os/memory.h"

static bool is_dead(const struct timer_entry *entry)
{
    return !entry->timer;
}

/* Among equal times dead entries come first: so two timers that are set never have to change their order. */
static bool before(const struct timer_entry *a, const struct timer_entry *b)
{
    if (a->when != b->when)
        return a->when < b->when;
    return is_dead(a) || (!is_dead(b) && (int32_t)(a->timer->sequence - b->timer->sequence) < 0);
}

static void place(struct timers *timers, size_t i, struct timer_entry entry)
{
    timers->heap[i] = entry;
    if (!is_dead(&entry))
        entry.timer->index = (uint32_t)i + 1;
}

static void sift_up(struct timers *timers, size_t i, struct timer_entry entry)
{
    while (i > 0) {
        size_t parent = (i - 1) / 4;
        if (!before(&entry, &timers->heap[parent]))
            break;
        place(timers, i, timers->heap[parent]);
        i = parent;
    }
    place(timers, i, entry);
}

static size_t least_child(const struct timers *timers, size_t first)
{
    size_t least = first;
    for (size_t k = first + 1; k < first + 4 && k < timers->sorted; k++)
        if (before(&timers->heap[k], &timers->heap[least]))
            least = k;
    return least;
}

static void sift_down(struct timers *timers, size_t i, struct timer_entry entry)
{
    for (size_t first; (first = i * 4 + 1) < timers->sorted;) {
        size_t child = least_child(timers, first);
        if (!before(&timers->heap[child], &entry))
            break;
        place(timers, i, timers->heap[child]);
        i = child;
    }
    place(timers, i, entry);
}

/* The last of the new timers takes the place that the heap no longer needs. */
static void remove_root(struct timers *timers)
{
    struct timer_entry last = timers->heap[--timers->sorted];
    timers->used--;
    if (timers->used > timers->sorted)
        place(timers, timers->sorted, timers->heap[timers->used]);
    if (timers->sorted)
        sift_down(timers, 0, last);
}

/* The new timers move into the heap. */
static __attribute__((noinline)) void sort_new(struct timers *timers)
{
    size_t used = timers->used;
    timers->used = timers->sorted;
    for (size_t i = timers->sorted; i < used; i++)
        if (!is_dead(&timers->heap[i]))
            sift_up(timers, timers->used++, timers->heap[i]);
    timers->sorted = timers->used;
    timers->soonest = CLOCK_NEVER;
}

/* Removes all dead entries at once, which costs some instructions for each entry. */
static void drop_dead(struct timers *timers)
{
    size_t kept = 0;
    for (size_t i = 0; i < timers->used; i++)
        if (!is_dead(&timers->heap[i]))
            place(timers, kept++, timers->heap[i]);
    timers->used = timers->sorted = kept;
    timers->soonest = CLOCK_NEVER;
    for (size_t i = kept / 4 + 1; i-- > 0;)
        if (i < kept)
            sift_down(timers, i, timers->heap[i]);
}

static bool grow(struct timers *timers)
{
    size_t capacity = timers->capacity ? timers->capacity * 2 : 64, size = timers->used * sizeof *timers->heap;
    ptrdiff_t old_place = (char *)timers->heap - timers->block;
    char *block = memory_grow(timers->block, (capacity - 1) * sizeof *timers->heap + 2 * MEMORY_LINE);
    if (!block)
        return false;
    char *line = memory_first_line(block);
    struct timer_entry *heap = (struct timer_entry *)(void *)(line + MEMORY_LINE) - 1;
    if (size)
        memmove(heap, block + old_place, size);
    timers->block = block;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

/* The array is full: it grows, unless a quarter or more of it is dead. */
static bool make_room(struct timers *timers)
{
    size_t dead = timers->used - timers->count;
    if (dead < timers->capacity / 4 && grow(timers))
        return true;
    drop_dead(timers);
    return dead;
}

bool timers_init(struct timers *timers)
{
    *timers = (struct timers){.soonest = CLOCK_NEVER};
    return grow(timers);
}

bool timer_set(struct timers *timers, struct timer *timer, int64_t when, void (*fire)(struct timer *))
{
    if (timers->used == timers->capacity && !make_room(timers))
        return false;
    timer->fire = fire;
    timer->sequence = (uint32_t)timers->sequence++;
    timers->count++;
    if (when < timers->soonest)
        timers->soonest = when;
    place(timers, timers->used++, (struct timer_entry){when, timer});
    return true;
}

void timer_cancel(struct timers *timers, struct timer *timer)
{
    if (!timer->index)
        return;
    size_t i = timer->index - 1;
    timer->index = 0;
    timers->heap[i].timer = NULL;
    if (i == timers->used - 1)
        timers->used--;
    if (timers->sorted > timers->used)
        timers->sorted = timers->used;
    if (--timers->count == 0) {
        timers->used = timers->sorted = 0;
        timers->soonest = CLOCK_NEVER;
    }
}

/* Afterwards the root is the entry of a set timer, or the heap is empty. */
static void bury_dead_roots(struct timers *timers)
{
    while (timers->sorted && is_dead(&timers->heap[0])) {
        if (timers->used > 2 * timers->count)
            drop_dead(timers);
        else
            remove_root(timers);
    }
}

struct timer *timers_first(struct timers *timers)
{
    bury_dead_roots(timers);
    if (timers->used > timers->sorted && (!timers->sorted || timers->soonest < timers->heap[0].when))
        sort_new(timers);
    return timers->sorted ? timers->heap[0].timer : NULL;
}

/* For a timer that was set 2^32 settings ago this may be true as well: then the next run fires it. */
static bool was_set_since(const struct timers *timers, const struct timer *timer, uint64_t sequence)
{
    return timer->sequence - (uint32_t)sequence < timers->sequence - sequence;
}

void timers_run(struct timers *timers, int64_t now)
{
    uint64_t limit = timers->sequence;
    struct timer *timer;
    while ((timer = timers_first(timers)) && timers->heap[0].when <= now && !was_set_since(timers, timer, limit)) {
        remove_root(timers);
        timers->count--;
        timer->index = 0;
        timer->fire(timer);
    }
}

void timers_free(struct timers *timers)
{
    memory_free(timers->block);
    *timers = (struct timers){0};
}
