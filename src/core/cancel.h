/* SPDX-License-Identifier: MIT */
/*
 * cancel.h - requests to cancel a task, and where awaits take them. The invariant is in cancel.c, the states are in
 * docs/internals/cancellation.md.
 */
#ifndef EDDY_CORE_CANCEL_H
#define EDDY_CORE_CANCEL_H

#include "core/task.h"

/* Makes a request like eddy_cancel; false: the task had ended. */
bool task_cancel(struct task *task, const char *reason);
/* The same for a task that is marked as `asked`, since all marked tasks get one: it clears the mark. */
void task_cancel_marked(struct task *task, const char *reason);
/* The library's own request, because what is around the task ends: a task in a cancelled scope has been asked
 * already. */
void task_hurry(struct task *task, const char *reason);
void task_hurry_marked(struct task *task, const char *reason);
/* A request that its maker, a scope or a group, withdraws at its own end. `inner`: the maker began inside the
 * releasing operation that the task is in, and the request reaches what that operation waits for. */
struct request {
    uint32_t deliveries : 20; /* the task's deliveries when it was made */
    uint32_t inner : 1;
};
struct request task_ask(struct task *task, const char *reason, bool inner);
/* Withdraws a request: if it was not delivered so far, it never will be. Returns the number of requests left. */
unsigned task_withdraw(struct task *task, struct request request);
/* A request that was passed to the object that the task waited for has been answered there. */
void task_note_delivery(struct task *self);
/* Takes a pending request. Returns the failure to deliver, or NULL. */
struct eddy_failure *task_take_cancel(struct task *self);
/* The failure that a delivered request becomes. */
struct eddy_failure *task_deliver_cancel(struct task *self);

/* Ends the wait of a task for a native operation, which then fails with ECANCELED; the task itself is not cancelled.
 * A task whose operation has already completed goes on with that result. */
void task_interrupt(struct task *task);

/* True: a request waits for the next await. */
static inline bool task_has_request(const struct task *task)
{
    return task->must_cancel;
}
/* Number of requests that have not been delivered so far. */
static inline uint32_t task_requests(const struct task *task)
{
    return task->undelivered;
}

/* ---- awaits that complete at once ---- */

enum { TASK_AWAITS_AT_ONCE = 16 /* a power of two */ };
#define TASK_LOOKS TASK_MARKS(.must_cancel = 0xff, .at_once = (uint8_t)-TASK_AWAITS_AT_ONCE)
/* An await has completed at once. */
static inline void task_note_at_once(struct task *self)
{
    self->at_once++;
}
/* An await begins. True: it must call task_checkpoint. */
static inline bool task_must_look(const struct task *self)
{
    return __builtin_expect((self->marks & TASK_LOOKS) != 0, 0);
}
/* After many awaits that completed at once the task yields to the others for one pass. Then, or if `first`, a
 * pending request is delivered in place of the operation. Returns the failure, or NULL. */
struct eddy_failure *task_checkpoint(struct task *self, bool first);

/*
 * An operation that releases something does its work even if the task is cancelled: requests wait until release_end,
 * and the operation has its own deadline. Scopes that begin inside work as usual. task_let_interrupt marks the waits
 * that a request may end. For eddy_defer.
 */
struct release {
    struct task *task;
    struct eddy_failure *caught; /* the error that the task caught before: it outlives the errors in here */
};
/* True: the task was asked to end, so what it releases should not take longer than necessary. */
bool task_is_asked(const struct task *task);
/* From now on a request ends the waits of the running task; with false it does not. */
static inline void task_let_interrupt(struct task *self, bool lets)
{
    self->interruptible = lets;
}
struct release release_begin(void);
void release_end(struct release *release);

#endif
