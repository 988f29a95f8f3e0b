/* SPDX-License-Identifier: MIT */
/*
 * pool.c - connections that one task has for itself.
 *
 * Invariant: an idle connection is as it was when it was opened: nothing is watched, begun, chosen or due on it.
 */
#define EDDY_LIBRARY
#include "line.h"

static struct eddy_redis_acquire *acquire_of(struct eddy_manager *manager)
{
    return (struct eddy_redis_acquire *)(void *)manager;
}

static bool is_clean(const eddy_redis *own)
{
    return own->keeper && !own->is_lost && !own->closing && !own->is_held && !own->is_changed && !own->unsent.size &&
           !own->first && queue_size(&own->due) == 0;
}

/* Those that the server has closed meanwhile are freed. NULL: there is none. */
static eddy_redis *take_idle(eddy_redis *r)
{
    for (eddy_redis *own; (own = r->idle); eddy_redis_free(own)) {
        r->idle = own->next;
        own->next = NULL;
        if (is_clean(own))
            return own;
    }
    return NULL;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_redis_acquire *self = acquire_of(manager);
    eddy_await(eddy_semaphore_acquire(&self->of->room), err);
    if (err->code)
        return;
    self->value = take_idle(self->of);
    if (!self->value)
        self->value = eddy_await(line_open(self->of->address, true), err);
    if (err->code)
        eddy_semaphore_release(&self->of->room);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_redis_acquire *self = acquire_of(manager);
    eddy_redis *own = self->value, *r = self->of;
    (void)err;
    if (is_clean(own) && !r->closing) {
        own->next = r->idle;
        r->idle = own;
    } else {
        eddy_redis_free(own);
    }
    eddy_semaphore_release(&r->room);
}

struct eddy_redis_acquire eddy_redis_acquire(eddy_redis *r)
{
    return (struct eddy_redis_acquire){.manager = {.enter = enter, .exit = leave}, .of = r};
}
