/* SPDX-License-Identifier: MIT */
/* await_for.c - an await with a deadline: a scope around one await, by Python's rules. */
#include <math.h>

#include "core/cancel.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/scope.h"
#include "os/clock.h"

/* Counts as an await that completed at once: a loop of them can be cancelled, too. */
static struct eddy_failure *take_turn(struct task *self)
{
    struct eddy_failure *request = task_must_look(self) ? task_checkpoint(self, false) : NULL;
    task_note_at_once(self);
    return request;
}

/* The awaitable is not started at all. */
static bool refuse(struct eddy_scope *scope, struct eddy_awaitable *a, bool pointer, struct eddy_failure *failure)
{
    struct eddy_failure *request = current.task ? take_turn(current.task) : NULL;
    if (!pointer)
        value_destroy(a);
    if (request)
        failure_unref(failure);
    scope->state = SCOPE_FINISHED;
    scope->refusal = request ? request : failure;
    return false;
}

/* The time is over before it begins: a task is cancelled and joined; any other awaitable is not started. */
static bool open_expired(struct eddy_scope *scope, struct eddy_awaitable *a, bool pointer)
{
    if (!pointer || !(a->awaitable.flags & (ED_FLAG_TASK | ED_FLAG_FUTURE)))
        return refuse(scope, a, pointer, scope_timed_out(scope));
    scope_open(scope, CLOCK_NEVER);
    if (awaitable_is_done(a))
        return true;
    (eddy_cancel)(a, NULL);
    scope->relative = true; /* its cancellation is this scope's; this mark tells it from the task's own */
    return true;
}

bool eddy_deadline_open(struct eddy_deadline *deadline, struct eddy_awaitable *a, bool pointer, double seconds)
{
    struct eddy_scope *scope = (struct eddy_scope *)(void *)deadline;
    *scope = (struct eddy_scope){.seconds = seconds};
    if (!current.task)
        return refuse(scope, a, pointer, failure_of(EDDY_NO_TASK, "await_for"));
    if (seconds != seconds)
        return refuse(scope, a, pointer, failure_of(EINVAL, "await_for(..., NaN)"));
    if (seconds <= 0)
        return open_expired(scope, a, pointer);
    int64_t when = CLOCK_NEVER;
    if (seconds < INFINITY)
        when = clock_after(driver_now(current.loop->driver), seconds);
    if (!scope_open(scope, when))
        return refuse(scope, a, pointer, &failure_no_memory);
    return true;
}

struct eddy_failure *eddy_deadline_close(struct eddy_deadline *deadline, struct eddy_failure *failure)
{
    struct eddy_scope *scope = (struct eddy_scope *)(void *)deadline;
    if (scope->refusal)
        return scope->refusal;
    bool expired_at_once = scope->relative && failure && failure_is_cancellation(failure) && !failure->own;
    bool own = scope_close_adding_cause(scope, failure);
    return own || expired_at_once ? failure_because(scope_timed_out(scope), failure) : failure;
}
