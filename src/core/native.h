/* SPDX-License-Identifier: MIT */
/*
 * native.h - native operations: the calls for their types, and the calls for the code that drives them.
 *
 * A type may have a `run` beside `start`: a faster way for a task with a stack than eddy_run_generic. It begins with
 * native_is_free, and goes on by eddy_run_generic if that returns false.
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
/* Calls the `cancel` of its type, which has one, once between two starts, unless it lets itself be asked again. */
static inline void native_ask_to_end(struct eddy_awaitable *a)
{
    if (a->awaitable.flags & ED_FLAG_CANCELLING)
        return;
    a->awaitable.flags |= ED_FLAG_CANCELLING;
    a->awaitable.type->cancel(a);
}
/* Called by a `cancel` that only passes the request on: each further request calls it, too. */
static inline void native_let_ask_again(struct eddy_awaitable *a)
{
    a->awaitable.flags &= (uint8_t)~ED_FLAG_CANCELLING;
}
/* Completes it, and owns the failure (NULL: success). */
void native_complete(struct eddy_awaitable *a, struct eddy_failure *failure);
/* The same for an operation that has not completed, where its loop runs. */
static inline void native_end(struct task *task, struct eddy_awaitable *a, struct eddy_failure *failure)
{
    a->awaitable.failure = failure;
    a->awaitable.state = EDDY_FINISHED;
    if (task != current.task && task->state == TASK_STARTED)
        task_wake(task);
}
/* The same with success, for an operation whose task is known to be parked for it. */
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
/* Called by an operation's `finish`: the object that it was woken for is gone, and it goes on waiting. */
void native_again(struct eddy_awaitable *a);

/* Called by the code that drives it: it starts, for this task. */
void native_begin(struct task *task, struct eddy_awaitable *a);
/* It has completed. Determines what the awaiter gets: its result, its failure, or the cancellation of the task. Or
 * it goes on waiting, by native_again. */
void native_settle(struct task *task, struct eddy_awaitable *a);

/* ---- for a `run`, which finds the header as it was made ---- */

/* True: no request waits for the task, and it may go on at once. */
static inline bool native_is_free(const struct task *self)
{
    return self && (self->marks & TASK_LOOKS) == 0;
}
/* The task is about to wait. */
static inline void native_enter(struct task *self, struct eddy_awaitable *a)
{
    a->awaitable.owner = self;
    a->awaitable.flags = 0;
    a->awaitable.state = EDDY_RUNNING;
    self->waits_for = a;
    self->forwarded = false;
}
/* Waits until it has completed, and the awaiter's result is set. */
void native_wait(struct task *self, struct eddy_awaitable *a);
/* The same for a type without `finish`; true: success. With a `finish`: after true that must still be called, and
 * then native_wait if it waits again. */
static inline __attribute__((always_inline)) bool native_wait_once(struct task *self, struct eddy_awaitable *a)
{
    sched_park(self);
    uint32_t asked = self->marks & TASK_MARKS(.must_cancel = 0xff, .forwarded = 0xff);
    uintptr_t more = (uintptr_t)a->awaitable.failure | asked;
    if (__builtin_expect(a->awaitable.state != EDDY_FINISHED || more, 0)) {
        native_wait(self, a);
        return false;
    }
    self->waits_for = NULL;
    return true;
}

#endif
