/* SPDX-License-Identifier: MIT */
/*
 * ready.h - the ready queue, as it lies in a loop: the tasks and calls of this pass, and those of the next. sched.h
 * has what is done with it. Invariant: one pass runs those that were ready when it began.
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
    struct ready **due;         /* while timers fire: where the next call goes, see sched_add_due */
};

#endif
