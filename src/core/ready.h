/* SPDX-License-Identifier: MIT */
/*
 * ready.h - the ready queue: the tasks and calls of this pass, and those of the next. Invariant: one
 * pass runs those that were ready when it began.
 */
#ifndef EDDY_CORE_READY_H
#define EDDY_CORE_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

/* A link in the ready queue: of a task or a call. */
struct ready {
    struct ready *next;
    /* Called when its turn has come: returns the task to switch to; NULL: it is done. The member is NULL for a task
     * that has a stack to switch to. */
    struct task *(*begin)(struct ready *ready);
    bool queued;        /* it is in the ready queue */
    bool on_loop;       /* `begin` needs the loop's own stack: a call, a task without one */
    bool plain;         /* a task with a stack of the loop's usual size, which it may not have taken yet */
    uint32_t parked_at; /* for a task: the loop's looked_at when it began to wait; here, since there is room */
};

struct ready_queue {
    struct ready *first, **end; /* those of the next pass */
    struct ready *batch;        /* the remaining ones of this pass */
    uint64_t passes;            /* number of passes that have begun */
    struct ready **due;         /* while timers fire: where the next call goes, see ready_add_due */
};

static inline void ready_add(struct ready_queue *queue, struct ready *ready)
{
    ready->next = NULL;
    ready->queued = true;
    *queue->end = ready;
    queue->end = &ready->next;
}
/* Adds a call of a timer that fires, before the tasks that timers wake at the same time. So a call that cancels a
 * task whose deadline has come at that time does so before the task has gone on, as in asyncio. */
static inline void ready_add_due(struct ready_queue *queue, struct ready *ready)
{
    ready->next = *queue->due;
    ready->queued = true;
    *queue->due = ready;
    if (queue->end == queue->due)
        queue->end = &ready->next;
    queue->due = &ready->next;
}
/* Puts it first in this pass. */
static inline void ready_add_next(struct ready_queue *queue, struct ready *ready)
{
    ready->next = queue->batch;
    ready->queued = true;
    queue->batch = ready;
}
/* The pass has ended: the ready tasks and calls become the next one. */
static inline void ready_begin_pass(struct ready_queue *queue)
{
    queue->passes++;
    queue->batch = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
}
/* Takes the first of the pass, which is not empty. */
static inline struct ready *ready_take(struct ready_queue *queue)
{
    struct ready *ready = queue->batch;
    queue->batch = ready->next;
    ready->queued = false;
    return ready;
}

#endif
