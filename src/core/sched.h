/* SPDX-License-Identifier: MIT */
/*
 * sched.h - who runs next: the ready queue, waking, parking.
 *
 * Invariant: one pass runs what was ready when it began.  A task that parks goes straight on to the next task of the
 * pass, or to the next pass when the loop has nothing to look at; else to the loop's own stack.
 */
#ifndef EDDY_CORE_SCHED_H
#define EDDY_CORE_SCHED_H

#include <stdbool.h>
#include <stdint.h>

struct eddy_loop;
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

void loop_add_ready(struct eddy_loop *loop, struct ready *ready);
/* From a timer that fires: before the tasks that timers wake in the same turn.  So a call that cancels a task whose
 * deadline has come in that turn does so before the task has gone on, as in asyncio. */
void loop_add_due(struct eddy_loop *loop, struct ready *ready);
/* What is ready becomes the pass that runs now, which has ended. */
void loop_begin_pass(struct eddy_loop *loop);
/* The next task to run without visiting the loop; prepared, its stack ready.  NULL: visit the loop. */
struct task *loop_next_task(struct eddy_loop *loop);

/* Puts it into the ready queue; harmless if it is there. */
void task_wake(struct task *task);
/* Leaves the running task's stack until task_wake; errno is the same afterwards. */
void task_park(struct task *self);
/* All others that are ready run before it goes on. */
void task_give_way(struct task *self);
/* Leaves the stack of a task that has ended, and gives up the loop's reference. */
_Noreturn void task_leave(struct task *task);

#endif
