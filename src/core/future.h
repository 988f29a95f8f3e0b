/* SPDX-License-Identifier: MIT */
/*
 * future.h - the header of a future; its block is [struct future | the struct of the user].
 */
#ifndef EDDY_CORE_FUTURE_H
#define EDDY_CORE_FUTURE_H

#include "core/task.h"
#include "eddy/future.h"

struct future {
    struct watches watches;  /* who waits for it */
    struct eddy_loop *loop;
    unsigned waiting;        /* tasks inside of future_wait */
    bool cancelled;
    bool seen;               /* its failure was looked at, or it was cancelled */
    _Alignas(16) char user[];
};

static inline struct future *future_of_handle(const void *handle)
{
    return (struct future *)((uintptr_t)handle - offsetof(struct future, user));
}

/* Waits on the running task; gives a failure of its own to each awaiter.  forward: a cancellation cancels it. */
struct eddy_failure *future_wait(struct eddy_awaitable *a, bool forward);

/* eddy_cancel of a future. */
bool future_cancel(struct eddy_awaitable *a, const char *reason);

#endif
