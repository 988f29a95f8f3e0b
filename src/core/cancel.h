/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - requests to cancel a task, and where awaits take them.  The invariant stands in cancel.c, the states in
 * docs/internals/cancellation.md.
 */
#ifndef EDDY_CORE_CANCEL_H
#define EDDY_CORE_CANCEL_H

#include "core/task.h"

/* The request as eddy_cancel makes it; false: it had ended. */
bool task_cancel(struct task *task, const char *reason);
/* The same to a task marked as `asked`, for all of those that are marked get one: the mark goes. */
void task_cancel_marked(struct task *task, const char *reason);
/* The library's wish that it ends, for what is around it ends: one in a cancelled scope has been asked already. */
void task_hurry(struct task *task, const char *reason);
void task_hurry_marked(struct task *task, const char *reason);
/* A request that its maker takes back at its own end: of a scope, a group.  `inner`: it was begun inside the releasing
 * operation that the task is in, and reaches what that waits for. */
struct request {
    uint32_t deliveries : 20; /* of the task, when it was made */
    uint32_t inner : 1;
};
struct request task_ask(struct task *task, const char *reason, bool inner);
/* One that was not delivered so far never will be.  Gives the requests that are left. */
unsigned task_withdraw(struct task *task, struct request request);
/* A request that went to what the task waited for has been answered there. */
void task_note_delivery(struct task *self);
/* Takes a request that waits for delivery: the failure to deliver, or NULL. */
struct eddy_failure *task_take_cancel(struct task *self);
/* The failure that a delivered request becomes. */
struct eddy_failure *task_deliver_cancel(struct task *self);

/* Ends the waiting of a task that waits for a native operation, which then fails with ECANCELED; nothing is asked of
 * the task itself.  One that has a completion already goes on with that. */
void task_interrupt(struct task *task);

/* A request waits for the next await. */
static inline bool task_has_request(const struct task *task)
{
    return task->must_cancel;
}
/* Requests that have not been delivered so far. */
static inline uint32_t task_requests(const struct task *task)
{
    return task->undelivered;
}

/* ---- awaits that complete at once ---- */

enum { TASK_AWAITS_AT_ONCE = 16 /* a power of two */ };
/* An await has completed at once. */
static inline void task_note_at_once(struct task *self)
{
    self->at_once++;
}
/* An await begins: must it call task_checkpoint? */
static inline bool task_must_look(const struct task *self)
{
    return __builtin_expect(self->must_cancel || (self->at_once & -TASK_AWAITS_AT_ONCE), 0);
}
/* After many awaits that completed at once the task gives way for one turn.  Then, or if `first`, a request that is
 * pending is delivered in place of what would begin: the failure, or NULL. */
struct eddy_failure *task_checkpoint(struct task *self, bool first);

/*
 * What releases something does its work whatever was asked of the task: requests wait until release_end, and the
 * operation has a deadline of its own.  Scopes that begin inside work as ever.  Where a request may cut the waiting
 * short, task_let_interrupt says so.  For eddy_defer.
 */
struct release {
    struct task *task;
    struct eddy_failure *caught; /* by the task before: an error that it still looks at outlives those in here */
};
/* Somebody wants the task to end: what it releases should not take longer than it must. */
bool task_is_asked(const struct task *task);
/* From now on a request ends what the running task waits for, or does so no more. */
static inline void task_let_interrupt(struct task *self, bool lets)
{
    self->interruptible = lets;
}
struct release release_begin(void);
void release_end(struct release *release);

#endif
