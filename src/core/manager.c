/* SPDX-License-Identifier: MIT */
/* manager.c - entering and leaving blocks: async_with. */
#include "base/assert.h"
#include "core/failure.h"
#include "eddy/macros.h"
#include "eddy/scope.h"

struct eddy_failure *eddy_manager_enter(struct eddy_manager *manager)
{
    eddy_error err = {.message = ""};
    manager->enter(manager, &err);
    manager->entered = err.code == 0;
    return failure_from_error(&err);
}

/* The failure that leaves the block, after exit has seen `failure` as err: the same, or the one that exit has put in
 * its place. */
static struct eddy_failure *replaced(struct eddy_failure *failure, const eddy_error *err)
{
    if (failure && (!err->code || (err->failure == failure && err->code == failure->code)))
        return failure;
    if (failure && err->failure == failure) /* exit changed only the code */
        return failure_because(failure_of(err->code, "%s", failure->message ? failure->message : ""), failure);
    struct eddy_failure *own = failure_from_error(err);
    return own && failure ? failure_because(own, failure) : own;
}

struct eddy_failure *eddy_manager_exit(struct eddy_manager *manager, struct eddy_failure *failure)
{
    eddy_error err = {.message = ""};
    manager->closed = true;
    if (failure)
        failure_lend(failure, &err);
    manager->exit(manager, &err);
    if (manager->forgives) { /* the function returns nevertheless, but without an error */
        failure_unref(failure);
        return NULL;
    }
    return replaced(failure, &err);
}

void eddy_manager_leave(struct eddy_leaving *leaving)
{
    struct eddy_manager *manager = leaving->manager;
    if (manager->entered && !manager->closed)
        leaving->frame->failure = eddy_manager_exit(manager, leaving->frame->failure);
}

void eddy_break_in_async_with(const struct eddy_site *site)
{
    EDDY_ASSERT_AT(false,
                   "%s:%d: break inside of async_with leaves only the block, not the loop around it: use a flag or "
                   "goto", site->file ? site->file : "?", site->line);
    __builtin_unreachable();
}
