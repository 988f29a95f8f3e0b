/* SPDX-License-Identifier: MIT */
/*
 * native.h - native operations: what their types call, and what drives them.
 *
 * A type may have a `run` beside `start`: what a task with a stack does in place of eddy_run_generic, where it knows a
 * shorter way.  It begins with native_is_free, and goes on by eddy_run_generic where that says no.
 */
#ifndef EDDY_CORE_NATIVE_H
#define EDDY_CORE_NATIVE_H

#include "core/cancel.h"
#include "core/current.h"
#include "core/sched.h"

/* The task that drives a native operation, from its start to its end. */
static inline struct task *owner_of(const struct eddy_awaitable *a)
{
    return a->awaitable.owner;
}
/* Calls the `cancel` of its type, which has one, once between two starts. */
static inline void native_ask_to_end(struct eddy_awaitable *a)
{
    if (a->awaitable.flags & ED_FLAG_CANCELLING)
        return;
    a->awaitable.flags |= ED_FLAG_CANCELLING;
    a->awaitable.type->cancel(a);
}
/* Ends it, owning the failure (NULL: well). */
void native_complete(struct eddy_awaitable *a, struct eddy_failure *failure);
/* The same, well, of what a task waits for, where it is known to be parked for that. */
static inline void native_complete_well(struct task *task)
{
    struct eddy_awaitable *a = task->waits_for;
    if (__builtin_expect(task->loop != current.loop, 0)) {
        native_complete(a, NULL);
        return;
    }
    a->awaitable.state = EDDY_FINISHED;
    task_wake(task);
}
/* From an operation's `finish`: what it was woken for is gone, it waits on. */
void native_again(struct eddy_awaitable *a);

/* For who drives it: it starts, for this task. */
void native_begin(struct task *task, struct eddy_awaitable *a);
/* It has completed.  What the awaiter gets: its result, its failure, or the cancellation of the task.  Or it waits on,
 * by native_again. */
void native_settle(struct task *task, struct eddy_awaitable *a);

/* ---- for a `run`, which finds the header as it was made ---- */

/* No request waits for the task, and it may go on at once. */
static inline bool native_is_free(const struct task *self)
{
    return self && !task_must_look(self);
}
/* It is about to wait. */
static inline void native_enter(struct task *self, struct eddy_awaitable *a)
{
    a->awaitable.owner = self;
    a->awaitable.flags = 0;
    a->awaitable.state = EDDY_RUNNING;
    self->waits_for = a;
    self->forwarded = false;
}
/* Until it has ended, and what the awaiter gets is there. */
void native_wait(struct task *self, struct eddy_awaitable *a);
/* The same of a type without `finish`; true: well.  With a `finish`: on true that is still to be called, and then
 * native_wait if it waits again. */
static inline bool native_wait_once(struct task *self, struct eddy_awaitable *a)
{
    sched_park(self);
    bool asked = self->must_cancel || self->forwarded;
    if (__builtin_expect(a->awaitable.state != EDDY_FINISHED || a->awaitable.failure || asked, 0)) {
        native_wait(self, a);
        return false;
    }
    self->waits_for = NULL;
    return true;
}

#endif
