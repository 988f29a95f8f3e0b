/* SPDX-License-Identifier: MIT */
/* scope.c - the common part of all scopes: the deadline, the request, and finding out whose cancellation it was. */
#include "core/scope.h"

#include <math.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/wrong_loop.h"
#include "os/clock.h"

_Static_assert(sizeof(struct eddy_scope) <= sizeof(((struct eddy_timeout *)0)->state), "eddy_timeout has room");
_Static_assert(sizeof(struct eddy_scope) <= sizeof(struct eddy_deadline), "eddy_deadline has room");

struct deadline_node {
    struct timer timer;
    struct eddy_scope *scope;
};

/* Cancels the block now, as the deadline does. */
static void ask_to_end(struct eddy_scope *scope)
{
    if (scope->state != SCOPE_ACTIVE)
        return;
    scope->state = SCOPE_EXPIRING;
    struct task *task = scope->task;
    if (task_core(task)->state == EDDY_FINISHED) /* an async generator that it left open is inside the scope */
        return;
    scope->asked_at = task->deliveries;
    if (!scope->level) {
        task_ask(task, NULL, scope->inner);
        return;
    }
    uint32_t before = task->cancels;
    level_cancel(scope->place, NULL);
    if (task->cancels == before) { /* shielded, or cancelled before by a scope inside: it counts nevertheless */
        task->cancels++;
        scope->asked_at--; /* and there is nothing to withdraw */
    }
}

static void expire(struct timer *timer)
{
    struct deadline_node *node = container_of(timer, struct deadline_node, timer);
    EDDY_INVARIANT(node->scope->node == node);
    ask_to_end(node->scope);
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
    EDDY_INVARIANT(!scope->node);
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

int64_t scope_nanoseconds(double when)
{
    return when > 0 ? clock_from_seconds(when) : 0;
}

bool scope_open(struct eddy_scope *scope, int64_t when)
{
    scope->task = current.task; /* held: an async generator in the scope may outlive it */
    scope->state = SCOPE_ACTIVE;
    scope->inner = scope->task->releasing > 0;
    scope->node = NULL;
    scope->place = NULL;
    scope->when = when == CLOCK_NEVER ? INFINITY : (double)when / (double)CLOCK_SECOND;
    if (scope->level && !(scope->place = level_open(scope->task, scope->shield)))
        return false;
    scope->cancels = level_reaching_requests(scope->task);
    if (when != CLOCK_NEVER && !arm(scope, when)) {
        level_close(scope->place);
        return false;
    }
    scope->task->references++;
    return true;
}

void scope_enter(struct eddy_scope *scope, const char *what, eddy_error *err)
{
    double when = scope->when;
    int64_t at = CLOCK_NEVER;
    if (!current.task) {
        eddy_error_set(err, EDDY_NO_TASK, "%s", what);
        return;
    }
    if (when == when && when < INFINITY)
        at = scope->relative ? clock_add(driver_now(current.loop->driver), scope_nanoseconds(when))
                             : scope_nanoseconds(when);
    if (!scope_open(scope, at))
        eddy_error_set(err, ENOMEM, "no memory for %s", what);
}

struct eddy_failure *scope_timed_out(const struct eddy_scope *scope)
{
    if (scope->seconds == scope->seconds)
        return failure_of(ETIMEDOUT, "not done within %g seconds", scope->seconds);
    return failure_of(ETIMEDOUT, "not done by its deadline");
}

/* `failure`, which leaves an expired scope and is not its cancellation, gets the timeout as a cause. */
static void add_cause(const struct eddy_scope *scope, struct eddy_failure *failure)
{
    struct eddy_failure **link = &failure->cause;
    if (failure->fixed)
        return;
    while (*link && !failure_is_cancellation(*link) && !(*link)->fixed)
        link = &(*link)->cause;
    struct eddy_failure *timed_out = scope_timed_out(scope), *before = *link;
    *link = before ? failure_because(timed_out, before) : timed_out;
}

/* Requests of this scope are withdrawn; those of scopes around it are made again. */
static void end_level(struct eddy_scope *scope)
{
    level_close(scope->place);
    scope->place = NULL;
    if (level_reaches(scope->task))
        scope->task->must_cancel = true;
}

/* Withdraws the scope's request; false: another one ended the block, too. `kept_out`: number of requests that did not
 * reach the block. */
static bool was_alone(struct eddy_scope *scope, uint32_t kept_out)
{
    uint32_t others = task_withdraw(scope->task, (struct request){scope->asked_at, scope->inner});
    return others <= scope->cancels + kept_out || scope->inner; /* during a release, requests of others wait */
}

bool scope_close(struct eddy_scope *scope, const struct eddy_failure *failure)
{
    EDDY_INVARIANT(scope->state == SCOPE_ACTIVE || scope->state == SCOPE_EXPIRING);
    disarm(scope);
    bool expired = scope->state == SCOPE_EXPIRING;
    uint32_t kept_out = level_kept_out(scope->task);
    scope->state = expired ? SCOPE_EXPIRED : SCOPE_FINISHED;
    if (scope->place)
        end_level(scope);
    bool own = expired && was_alone(scope, kept_out) && failure && failure_is_cancellation(failure);
    /* A scope around it that is cancelled, too, ends its own block; but during a release its request waits. */
    if (own && !scope->inner && !scope->shield && level_reaches(scope->task))
        own = false;
    task_unref(scope->task);
    return own;
}

bool scope_close_adding_cause(struct eddy_scope *scope, struct eddy_failure *failure)
{
    bool expired = scope->state == SCOPE_EXPIRING;
    if (scope_close(scope, failure))
        return true;
    if (expired && failure && !failure_is_cancellation(failure))
        add_cause(scope, failure);
    return false;
}

void scope_leave(struct eddy_scope *scope, eddy_error *err)
{
    if (scope_close_adding_cause(scope, err->code ? err->failure : NULL))
        eddy_failure_catch(scope_timed_out(scope), err);
}

bool eddy_expired(const eddy_scope *scope)
{
    return scope->state == SCOPE_EXPIRING || scope->state == SCOPE_EXPIRED;
}

double eddy_when(const eddy_scope *scope)
{
    return scope->when;
}

/* False, and reported: the scope belongs to a task of another loop. */
static bool check_ours(const eddy_scope *scope, const char *call)
{
    return scope->state != SCOPE_ACTIVE || loop_check_ours(scope->task->loop, call, "scope");
}

void eddy_reschedule(eddy_scope *scope, double when)
{
    if (!check_ours(scope, "eddy_reschedule"))
        return;
    EDDY_ASSERT(scope->state == SCOPE_ACTIVE, "eddy_reschedule: the scope has expired or has ended");
    disarm(scope);
    scope->when = when == when ? when : INFINITY;
    scope->seconds = NAN;
    if (scope->when < INFINITY && !arm(scope, scope_nanoseconds(scope->when)))
        ask_to_end(scope); /* no memory for the new deadline: no deadline at all would be worse than an immediate one */
}

void eddy_scope_cancel(eddy_scope *scope)
{
    if (check_ours(scope, "eddy_scope_cancel"))
        ask_to_end(scope);
}
