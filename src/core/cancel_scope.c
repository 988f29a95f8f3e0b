/* SPDX-License-Identifier: MIT */
/*
 * cancel_scope.c - the blocks that are scopes: eddy_timeout by Python's rules, eddy_fail_after and others by trio's.
 *
 * By Python's rules the task is asked once, and on the way out that cancellation, and only that, becomes ETIMEDOUT.
 * By trio's, once the scope is cancelled, every await inside fails until the scope has ended.
 *
 * Invariant: while a task is in a cancelled scope of trio's kind and not shielded from it (level_reaches), each
 * delivered cancellation leaves the next one pending.
 */
#include <math.h>
#include <string.h>

#include "core/cancel.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/scope.h"

static eddy_scope *scope_of(struct eddy_manager *manager)
{
    return (eddy_scope *)(void *)((struct eddy_timeout *)(void *)manager)->state;
}

static const char *name_of(const eddy_scope *scope)
{
    return scope->shield ? "a shield" : scope->level ? "a cancel scope" : "a timeout";
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = ((struct eddy_timeout *)(void *)manager)->value = scope_of(manager);
    bool keeps_out = scope->shield && current.task && level_reaches(current.task);
    scope_enter(scope, name_of(scope), err);
    if (!err->code && keeps_out)
        task_note_delivery(current.task); /* the request is made again when the shield ends */
}

static void leave_with_error(struct eddy_manager *manager, eddy_error *err)
{
    scope_leave(scope_of(manager), err);
}

static void leave_quietly(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = scope_of(manager);
    manager->forgives = scope_close(scope, err->code ? err->failure : NULL);
    if (scope->fired)
        *scope->fired = manager->forgives;
}

static struct eddy_timeout make(eddy_scope scope, void (*leave)(struct eddy_manager *, eddy_error *))
{
    struct eddy_timeout timeout = {.manager = {.enter = enter, .exit = leave}};
    scope.seconds = scope.relative ? scope.when : NAN;
    memcpy(timeout.state, &scope, sizeof scope);
    return timeout;
}

/* ---- by Python's rules ---- */

struct eddy_timeout eddy_timeout(double seconds)
{
    return make((eddy_scope){.when = seconds, .relative = true}, leave_with_error);
}

struct eddy_timeout eddy_timeout_at(double when)
{
    return make((eddy_scope){.when = when}, leave_with_error);
}

/* ---- by trio's rules ---- */

struct eddy_timeout eddy_fail_after(double seconds)
{
    return make((eddy_scope){.when = seconds, .relative = true, .level = true}, leave_with_error);
}

struct eddy_timeout eddy_move_on_telling(double seconds, bool *fired)
{
    if (fired)
        *fired = false;
    return make((eddy_scope){.when = seconds, .relative = true, .level = true, .fired = fired}, leave_quietly);
}

struct eddy_timeout(eddy_move_on_after)(double seconds)
{
    return eddy_move_on_telling(seconds, NULL);
}

struct eddy_timeout eddy_cancel_scope(void)
{
    return make((eddy_scope){.when = INFINITY, .relative = true, .level = true}, leave_quietly);
}

/* The levels around it are kept out, until its own deadline. */
struct eddy_timeout eddy_shield(double seconds)
{
    return make((eddy_scope){.when = seconds, .relative = true, .level = true, .shield = true}, leave_with_error);
}
