/* SPDX-License-Identifier: MIT */
/*
 * timeout.c - blocks and awaits with a deadline, by Python's rules.
 *
 * On time the task is cancelled, once; on the way out that cancellation, and only that, becomes ETIMEDOUT.
 */
#include <math.h>
#include <string.h>

#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/scope.h"
#include "os/clock.h"

/* ---- async_with (scope, eddy_timeout(seconds)) ---- */

static eddy_scope *scope_of(struct eddy_manager *manager)
{
    return (eddy_scope *)(void *)((struct eddy_timeout *)(void *)manager)->state;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = ((struct eddy_timeout *)(void *)manager)->value = scope_of(manager);
    scope_enter(scope, "a timeout", err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    scope_leave(scope_of(manager), err);
}

static struct eddy_timeout make(double when, bool relative)
{
    struct eddy_timeout timeout = {.manager = {.enter = enter, .exit = leave}};
    eddy_scope scope = {.when = when, .relative = relative, .seconds = relative ? when : NAN};
    memcpy(timeout.state, &scope, sizeof scope);
    return timeout;
}

struct eddy_timeout eddy_timeout(double seconds)
{
    return make(seconds, true);
}

struct eddy_timeout eddy_timeout_at(double when)
{
    return make(when, false);
}

/* ---- await_for ---- */

/* The awaitable is not even started. */
static bool refuse(struct eddy_scope *scope, struct eddy_awaitable *a, bool pointer, struct eddy_failure *failure)
{
    if (!pointer)
        value_destroy(a);
    scope->state = SCOPE_FINISHED;
    scope->refusal = failure;
    return false;
}

/* The time is over before it begins: a task is cancelled and joined, anything else not even started. */
static bool open_expired(struct eddy_scope *scope, struct eddy_awaitable *a, bool pointer)
{
    if (!pointer || !(a->awaitable.flags & (ED_FLAG_TASK | ED_FLAG_FUTURE)))
        return refuse(scope, a, pointer, scope_timed_out(scope));
    scope_open(scope, CLOCK_NEVER);
    if (awaitable_is_done(a))
        return true;
    (eddy_cancel)(a, NULL);
    scope->relative = true; /* its cancellation is this scope's, told from the task's own by this mark */
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
        when = clock_add(driver_now(current.loop->driver), clock_from_seconds(seconds));
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
    bool expired = scope->state == SCOPE_EXPIRING;
    if (scope_close(scope, failure) || expired_at_once)
        return failure_because(scope_timed_out(scope), failure);
    if (expired && failure && !failure_is_cancellation(failure))
        scope_add_cause(scope, failure);
    return failure;
}
