/* SPDX-License-Identifier: MIT */
/*
 * timeout.c - blocks and awaits with a deadline.
 *
 * Python's rules: on time the task is cancelled, once; on the way out that cancellation, and only that, becomes
 * ETIMEDOUT.  The timer lies in a node of its own, off the stack that the block is on.
 */
#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/task.h"
#include "eddy/scope.h"
#include "os/clock.h"
#include "os/memory.h"

enum scope_state { SCOPE_ACTIVE, SCOPE_EXPIRING, SCOPE_EXPIRED, SCOPE_FINISHED };

struct deadline_node {
    struct timer timer;
    struct eddy_scope *scope;
};

struct eddy_scope {
    struct task *task;           /* which runs the block */
    struct deadline_node *node;  /* NULL: no deadline */
    double when;                 /* in eddy_time(), infinity for none; before enter: the span, if `relative` */
    uint16_t cancels;            /* requests that the task had when the block began */
    uint8_t state;               /* an enum scope_state */
    bool relative;
    struct eddy_failure *refusal; /* await_for: why it was not even started */
    double seconds;              /* as asked, for the message; NaN: none was said */
};
_Static_assert(sizeof(struct eddy_scope) <= sizeof(((struct eddy_timeout *)0)->state), "eddy_timeout has room");
_Static_assert(sizeof(struct eddy_scope) <= sizeof(struct eddy_deadline), "eddy_deadline has room");

static void expire(struct timer *timer)
{
    struct eddy_scope *scope = ((struct deadline_node *)(void *)timer)->scope;
    scope->state = SCOPE_EXPIRING;
    task_cancel(scope->task, NULL);
}

static void disarm(struct eddy_scope *scope)
{
    if (!scope->node)
        return;
    timer_cancel(&scope->task->loop->timers, &scope->node->timer);
    block_give(&scope->task->loop->blocks, scope->node, sizeof *scope->node);
    scope->node = NULL;
}

/* False: no memory. */
static bool arm(struct eddy_scope *scope, int64_t when)
{
    struct eddy_loop *loop = scope->task->loop;
    struct deadline_node *node = block_take(&loop->blocks, sizeof *node);
    if (!node)
        return false;
    *node = (struct deadline_node){.scope = scope};
    if (!timer_set(&loop->timers, &node->timer, when, expire)) {
        block_give(&loop->blocks, node, sizeof *node);
        return false;
    }
    if (when <= driver_now(loop->driver))
        loop->timer_due = true;
    scope->node = node;
    return true;
}

static int64_t nanoseconds_of(double when)
{
    return when > 0 ? clock_from_seconds(when) : 0;
}

/* On the running task, at `when` nanoseconds; CLOCK_NEVER: no deadline.  False: no memory. */
static bool open_scope(struct eddy_scope *scope, int64_t when)
{
    scope->task = current.task;
    scope->cancels = scope->task->cancels;
    scope->state = SCOPE_ACTIVE;
    scope->node = NULL;
    scope->refusal = NULL;
    scope->when = when == CLOCK_NEVER ? INFINITY : (double)when / (double)CLOCK_SECOND;
    return when == CLOCK_NEVER || arm(scope, when);
}

static struct eddy_failure *timed_out(const struct eddy_scope *scope)
{
    if (scope->seconds == scope->seconds)
        return failure_of(ETIMEDOUT, "not done within %g seconds", scope->seconds);
    return failure_of(ETIMEDOUT, "not done by its deadline");
}

/* Ends it; true: the failure that leaves is the scope's own cancellation. */
static bool close_scope(struct eddy_scope *scope, const struct eddy_failure *failure)
{
    disarm(scope);
    if (scope->state != SCOPE_EXPIRING) {
        scope->state = SCOPE_FINISHED;
        return false;
    }
    scope->state = SCOPE_EXPIRED;
    bool alone = (eddy_uncancel)(task_handle(scope->task)) <= scope->cancels;
    return alone && failure && failure_is_cancellation(failure);
}

/* ---- async_with (scope, eddy_timeout(seconds)) ---- */

static eddy_scope *scope_of(struct eddy_manager *manager)
{
    return (eddy_scope *)(void *)((struct eddy_timeout *)(void *)manager)->state;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_timeout *timeout = (struct eddy_timeout *)(void *)manager;
    eddy_scope *scope = timeout->value = scope_of(manager);
    double when = scope->when;
    int64_t at = CLOCK_NEVER;
    if (!current.task) {
        eddy_error_set(err, EDDY_NO_TASK, "eddy_timeout");
        return;
    }
    if (when == when && when < INFINITY)
        at = scope->relative ? clock_add(driver_now(current.loop->driver), nanoseconds_of(when)) : nanoseconds_of(when);
    if (!open_scope(scope, at))
        eddy_error_set(err, ENOMEM, "no memory for a timeout");
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = scope_of(manager);
    if (close_scope(scope, err->code ? err->failure : NULL))
        eddy_failure_catch(timed_out(scope), err);
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

void eddy_reschedule(eddy_scope *scope, double when)
{
    EDDY_ASSERT(scope->state == SCOPE_ACTIVE, "eddy_reschedule: the scope has expired or has ended");
    disarm(scope);
    scope->when = when == when ? when : INFINITY;
    scope->seconds = NAN;
    if (scope->when < INFINITY && !arm(scope, nanoseconds_of(scope->when))) {
        scope->state = SCOPE_EXPIRING; /* no memory for the new deadline: none would be worse than at once */
        task_cancel(scope->task, "no memory for a timeout");
    }
}

bool eddy_expired(const eddy_scope *scope)
{
    return scope->state == SCOPE_EXPIRING || scope->state == SCOPE_EXPIRED;
}

double eddy_when(const eddy_scope *scope)
{
    return scope->when;
}

/* ---- await_for ---- */

static bool refuse(struct eddy_scope *scope, struct eddy_failure *failure)
{
    scope->state = SCOPE_FINISHED;
    scope->refusal = failure;
    return false;
}

/* The time is over before it begins: a task is cancelled and joined, anything else not even started. */
static bool open_expired(struct eddy_scope *scope, struct eddy_awaitable *a, bool pointer)
{
    if (!pointer || !(a->awaitable.flags & (ED_FLAG_TASK | ED_FLAG_FUTURE)))
        return refuse(scope, timed_out(scope));
    open_scope(scope, CLOCK_NEVER);
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
        return refuse(scope, failure_of(EDDY_NO_TASK, "await_for"));
    if (seconds != seconds)
        return refuse(scope, failure_of(EINVAL, "await_for(..., NaN)"));
    if (seconds <= 0)
        return open_expired(scope, a, pointer);
    int64_t when = CLOCK_NEVER;
    if (seconds < INFINITY)
        when = clock_add(driver_now(current.loop->driver), clock_from_seconds(seconds));
    if (!open_scope(scope, when))
        return refuse(scope, &failure_no_memory);
    return true;
}

struct eddy_failure *eddy_deadline_close(struct eddy_deadline *deadline, struct eddy_failure *failure)
{
    struct eddy_scope *scope = (struct eddy_scope *)(void *)deadline;
    if (scope->refusal)
        return scope->refusal;
    bool expired_at_once = scope->relative && failure && failure_is_cancellation(failure) && !failure->own;
    if (close_scope(scope, failure) || expired_at_once)
        return failure_because(timed_out(scope), failure);
    return failure;
}
