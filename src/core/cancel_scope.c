/* SPDX-License-Identifier: MIT */
/*
 * cancel_scope.c - scopes by trio's rules: once cancelled, every await inside fails until the scope has ended.
 *
 * Invariant: task->levels counts the cancelled scopes of this kind that the task is in and not shielded from; while
 * it is not 0, each delivered cancellation leaves the next one pending.
 */
#include <math.h>
#include <string.h>

#include "core/current.h"
#include "core/failure.h"
#include "core/scope.h"

static eddy_scope *scope_of(struct eddy_manager *manager)
{
    return (eddy_scope *)(void *)((struct eddy_timeout *)(void *)manager)->state;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = ((struct eddy_timeout *)(void *)manager)->value = scope_of(manager);
    scope_enter(scope, "a cancel scope", err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = scope_of(manager);
    if (!scope_close(scope, err->code ? err->failure : NULL))
        return;
    if (scope->quiet)
        manager->forgives = true;
    else
        eddy_failure_catch(scope_timed_out(scope), err);
}

static struct eddy_timeout make(double seconds, bool quiet)
{
    struct eddy_timeout timeout = {.manager = {.enter = enter, .exit = leave}};
    eddy_scope scope = {.when = seconds, .relative = true, .seconds = seconds, .level = true, .quiet = quiet};
    memcpy(timeout.state, &scope, sizeof scope);
    return timeout;
}

struct eddy_timeout eddy_fail_after(double seconds)
{
    return make(seconds, false);
}

struct eddy_timeout eddy_move_on_after(double seconds)
{
    return make(seconds, true);
}

struct eddy_timeout eddy_cancel_scope(void)
{
    return make(INFINITY, true);
}

/* ---- a shield: the levels around it are kept out, until its own deadline ---- */

static void enter_shield(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = ((struct eddy_timeout *)(void *)manager)->value = scope_of(manager);
    scope_enter(scope, "a shield", err);
    if (err->code)
        return;
    scope->shielded = scope->task->levels & 0xffffff;
    scope->task->levels = 0;
    if (scope->shielded)
        scope->task->must_cancel = false;
}

static void leave_shield(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = scope_of(manager);
    struct task *task = scope->task;
    bool expired = scope_close(scope, err->code ? err->failure : NULL);
    task->levels += scope->shielded;
    if (task->levels)
        task->must_cancel = true;
    if (expired)
        eddy_failure_catch(scope_timed_out(scope), err);
}

struct eddy_timeout eddy_shield(double seconds)
{
    struct eddy_timeout timeout = make(seconds, false);
    timeout.manager = (struct eddy_manager){.enter = enter_shield, .exit = leave_shield};
    return timeout;
}
