/* SPDX-License-Identifier: MIT */
/*
 * ready.h - the ready queue: what runs in this pass, and what in the next.
 *
 * Invariant: one pass runs what was ready when it began.
 */
#ifndef EDDY_CORE_READY_H
#define EDDY_CORE_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

/* What the ready queue links: tasks and calls. */
struct ready {
    struct ready *next;
    /* Its turn has come: gives the task to switch to; NULL: it is done.  NULL: a task that has a stack to switch to. */
    struct task *(*begin)(struct ready *ready);
    bool queued;        /* it is in the ready queue */
    bool on_loop;       /* `begin` needs the loop's own stack: a call, a task without one */
    uint32_t parked_at; /* a task's, here for there is room: the loop's looked_at when it began to wait */
};

struct ready_queue {
    struct ready *first, **end; /* of the next pass */
    struct ready *batch;        /* the rest of this pass */
    uint64_t passes;            /* that have begun */
    struct ready **due;         /* while timers fire: where the next call goes, see ready_add_due */
};

static inline void ready_add(struct ready_queue *queue, struct ready *ready)
{
    ready->next = NULL;
    ready->queued = true;
    *queue->end = ready;
    queue->end = &ready->next;
}
/* From a timer that fires: before the tasks that timers wake in the same turn.  So a call that cancels a task whose
 * deadline has come in that turn does so before the task has gone on, as in asyncio. */
static inline void ready_add_due(struct ready_queue *queue, struct ready *ready)
{
    ready->next = *queue->due;
    ready->queued = true;
    *queue->due = ready;
    if (queue->end == queue->due)
        queue->end = &ready->next;
    queue->due = &ready->next;
}
/* Runs next of all. */
static inline void ready_add_next(struct ready_queue *queue, struct ready *ready)
{
    ready->next = queue->batch;
    ready->queued = true;
    queue->batch = ready;
}
/* The pass has ended: what is ready becomes the next one. */
static inline void ready_begin_pass(struct ready_queue *queue)
{
    queue->passes++;
    queue->batch = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
}
/* The first of the pass, which is not empty. */
static inline struct ready *ready_take(struct ready_queue *queue)
{
    struct ready *ready = queue->batch;
    queue->batch = ready->next;
    ready->queued = false;
    return ready;
}

#endif
