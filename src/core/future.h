/* SPDX-License-Identifier: MIT */
/*
 * future.h - the header of a future; its block is [struct future | the struct of the user].
 */
#ifndef EDDY_CORE_FUTURE_H
#define EDDY_CORE_FUTURE_H

#include "core/current.h"
#include "core/loop.h"
#include "core/task.h"
#include "eddy/future.h"

struct future {
    struct watches watches;  /* called at its end: tasks that wait for it, callbacks */
    eddy_loop *loop;         /* the name of its loop: where it was made, or is awaited.  NULL: it has none */
    unsigned waiting;        /* number of tasks that wait for it */
    bool cancelled;
    bool seen;               /* its failure was read, or it was cancelled */
    _Alignas(16) char user[];
};

static inline struct future *future_of_handle(const void *handle)
{
    return (struct future *)((uintptr_t)handle - offsetof(struct future, user));
}

bool future_is_ours_or_nobodys(const struct future *future);
/* True: it belongs to no loop, to this thread's loop, or to a loop that has ended. */
static inline bool future_is_ours(const struct eddy_awaitable *a)
{
    const struct future *future = future_of_handle(a);
    return (current.loop && future->loop == current.loop->name) || future_is_ours_or_nobodys(future);
}

/* eddy_cancel of a future. */
bool future_cancel(struct eddy_awaitable *a, const char *reason);

#endif
