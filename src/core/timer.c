/* SPDX-License-Identifier: MIT */
/* timer.c - the timer heap.  Four children a node: half the depth of two, and siblings share a cache line. */
#include "core/timer.h"

#include "os/clock.h"
#include "os/memory.h"

static bool before(const struct timer_entry *a, const struct timer_entry *b)
{
    return a->when < b->when || (a->when == b->when && a->sequence < b->sequence);
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
    size_t capacity = timers->capacity ? timers->capacity * 2 : 64;
    struct timer_entry *heap = memory_grow(timers->heap, capacity * sizeof *heap);
    if (!heap)
        return false;
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
    sift_up(timers, timers->count++, (struct timer_entry){when, timers->sequence++, timer});
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

void timers_run(struct timers *timers, int64_t now)
{
    uint64_t limit = timers->sequence;
    while (timers->count && timers->heap[0].when <= now && timers->heap[0].sequence < limit) {
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
    memory_free(timers->heap);
    *timers = (struct timers){0};
}
