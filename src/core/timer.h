/* SPDX-License-Identifier: MIT */
/*
 * timer.h - actions at points of time: a 4-ary heap of keys, and new timers that are not in order so far.
 *
 * Invariant: the times lie in the heap's own array, so that sifting touches a timer's owner only to write its index,
 * and to break a tie: equal times keep the order in which they were set, by a number in the timer.
 *
 * Most timers are cancelled, so cancelling takes constant time: the entry of the timer is marked as dead and stays.
 * Dead entries go when they are the next one, many of them at once, or when the array is full. Setting takes constant
 * time, too: a new timer is put after the heap, and moves into it when one of the new timers may be the next.
 */
#ifndef EDDY_CORE_TIMER_H
#define EDDY_CORE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/clock.h"

/* A part of its owner (a task, a handle, a scope's node); all zero: not set. */
struct timer {
    uint32_t index;                       /* 1 + its place in the heap; 0: not set */
    uint32_t sequence;                    /* the lower half of its sequence number; read only if times are equal */
    void (*fire)(struct timer *timer);    /* called by timers_run, when it is no longer set */
};

struct timer_entry {
    int64_t when;        /* nanoseconds of the loop's clock */
    struct timer *timer; /* NULL: the entry is dead */
};

struct timers {
    struct timer_entry *heap;   /* the root ends a cache line, so that four siblings share one */
    char *block;                /* the block of memory that contains the heap */
    size_t count;               /* number of timers that are set */
    size_t used;                /* number of entries, including the dead ones */
    size_t sorted;              /* number of the first entries that are the heap; new timers come after them */
    int64_t soonest;            /* no new timer has an earlier time; CLOCK_NEVER: there is none */
    size_t capacity;            /* number of entries that the block has room for */
    uint64_t sequence;          /* the sequence number of the next timer that is set */
};

/* Begins with room for some timers, so that in a small program no sleep fails for lack of memory. False: no memory. */
bool timers_init(struct timers *timers);
/* Sets the timer. False: no memory. */
bool timer_set(struct timers *timers, struct timer *timer, int64_t when, void (*fire)(struct timer *));
/* Cancels the timer; does nothing if it is not set. */
void timer_cancel(struct timers *timers, struct timer *timer);
/* Fires the timers that are due at `now`, in order; timers that they set for now wait for the next call. */
void timers_run(struct timers *timers, int64_t now);
/* The next timer; NULL: none is set. */
struct timer *timers_first(struct timers *timers);
/* The time of the next timer; CLOCK_NEVER if there is none. */
static inline int64_t timers_next(struct timers *timers)
{
    return timers->count && timers_first(timers) ? timers->heap[0].when : CLOCK_NEVER;
}
void timers_free(struct timers *timers);

static inline bool timer_is_set(const struct timer *timer)
{
    return timer->index != 0;
}

#endif
