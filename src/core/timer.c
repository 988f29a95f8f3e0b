/* SPDX-License-Identifier: MIT */
/* timer.c - the timer heap.  Four children a node: half the depth of two, and siblings share a cache line. */
#include "core/timer.h"

#include <string.h>

#include "os/clock.h"
#include "os/memory.h"

static bool before(const struct timer_entry *a, const struct timer_entry *b)
{
    return a->when < b->when || (a->when == b->when && (int32_t)(a->timer->sequence - b->timer->sequence) < 0);
}

static void place(struct timers *timers, size_t i, struct timer_entry entry)
{
    timers->heap[i] = entry;
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
    for (size_t k = first + 1; k < first + 4 && k < timers->count; k++)
        if (before(&timers->heap[k], &timers->heap[least]))
            least = k;
    return least;
}

static void sift_down(struct timers *timers, size_t i, struct timer_entry entry)
{
    for (size_t first; (first = i * 4 + 1) < timers->count;) {
        size_t child = least_child(timers, first);
        if (!before(&timers->heap[child], &entry))
            break;
        place(timers, i, timers->heap[child]);
        i = child;
    }
    place(timers, i, entry);
}

static bool grow(struct timers *timers)
{
    size_t capacity = timers->capacity ? timers->capacity * 2 : 64, size = timers->count * sizeof *timers->heap;
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

bool timers_init(struct timers *timers)
{
    *timers = (struct timers){0};
    return grow(timers);
}

bool timer_set(struct timers *timers, struct timer *timer, int64_t when, void (*fire)(struct timer *))
{
    if (timers->count == timers->capacity && !grow(timers))
        return false;
    timer->fire = fire;
    timer->sequence = (uint32_t)timers->sequence++;
    sift_up(timers, timers->count++, (struct timer_entry){when, timer});
    return true;
}

void timer_cancel(struct timers *timers, struct timer *timer)
{
    if (!timer->index)
        return;
    size_t i = timer->index - 1;
    timer->index = 0;
    struct timer_entry last = timers->heap[--timers->count];
    if (i == timers->count)
        return;
    if (i > 0 && before(&last, &timers->heap[(i - 1) / 4]))
        sift_up(timers, i, last);
    else
        sift_down(timers, i, last);
}

/* Of one that was set 2^32 settings ago this may say yes as well: then the next run fires it. */
static bool was_set_since(const struct timers *timers, const struct timer *timer, uint64_t sequence)
{
    return timer->sequence - (uint32_t)sequence < timers->sequence - sequence;
}

void timers_run(struct timers *timers, int64_t now)
{
    uint64_t limit = timers->sequence;
    while (timers->count && timers->heap[0].when <= now && !was_set_since(timers, timers->heap[0].timer, limit)) {
        struct timer *timer = timers->heap[0].timer;
        timer_cancel(timers, timer);
        timer->fire(timer);
    }
}

int64_t timers_next(const struct timers *timers)
{
    return timers->count ? timers->heap[0].when : CLOCK_NEVER;
}

void timers_free(struct timers *timers)
{
    memory_free(timers->block);
    *timers = (struct timers){0};
}
