/* SPDX-License-Identifier: MIT */
/*
 * cancel_scope.c - scopes by trio's rules: once cancelled, every await inside fails until the scope has ended.
 *
 * Invariant: while a task is in a cancelled scope of this kind and not shielded from it (level_reaches), each delivered
 * cancellation leaves the next one pending.
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

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_scope *scope = ((struct eddy_timeout *)(void *)manager)->value = scope_of(manager);
    scope_enter(scope, scope->shield ? "a shield" : "a cancel scope", err);
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
    scope.level = scope.relative = true;
    scope.seconds = scope.when;
    memcpy(timeout.state, &scope, sizeof scope);
    return timeout;
}

struct eddy_timeout eddy_fail_after(double seconds)
{
    return make((eddy_scope){.when = seconds}, leave_with_error);
}

struct eddy_timeout eddy_move_on_telling(double seconds, bool *fired)
{
    if (fired)
        *fired = false;
    return make((eddy_scope){.when = seconds, .fired = fired}, leave_quietly);
}

struct eddy_timeout(eddy_move_on_after)(double seconds)
{
    return eddy_move_on_telling(seconds, NULL);
}

struct eddy_timeout eddy_cancel_scope(void)
{
    return make((eddy_scope){.when = INFINITY}, leave_quietly);
}

/* ---- a shield: the levels around it are kept out, until its own deadline ---- */

static void enter_shield(struct eddy_manager *manager, eddy_error *err)
{
    bool reached = current.task && level_reaches(current.task);
    enter(manager, err);
    if (!err->code && reached)
        task_note_delivery(current.task); /* the request is made again when the shield ends */
}

struct eddy_timeout eddy_shield(double seconds)
{
    struct eddy_timeout timeout = make((eddy_scope){.when = seconds, .shield = true}, leave_with_error);
    timeout.manager.enter = enter_shield;
    return timeout;
}
