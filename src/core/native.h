/* SPDX-License-Identifier: MIT */
/* native.h - native operations: what their types call, and what drives them. */
#ifndef EDDY_CORE_NATIVE_H
#define EDDY_CORE_NATIVE_H

#include "core/task.h"

/* The task that drives a native operation, from its start to its end. */
static inline struct task *owner_of(const struct eddy_awaitable *a)
{
    return a->awaitable.owner;
}
/* Calls the `cancel` of its type, which has one, once between two starts. */
static inline void native_ask_to_end(struct eddy_awaitable *a)
{
    if (a->awaitable.flags & ED_FLAG_CANCELLING)
        return;
    a->awaitable.flags |= ED_FLAG_CANCELLING;
    a->awaitable.type->cancel(a);
}
/* Ends it, owning the failure (NULL: well). */
void native_complete(struct eddy_awaitable *a, struct eddy_failure *failure);
/* From an operation's `finish`: what it was woken for is gone, it waits on. */
void native_again(struct eddy_awaitable *a);

/* For who drives it: it starts, for this task. */
void native_begin(struct task *task, struct eddy_awaitable *a);
/* It has completed.  What the awaiter gets: its result, its failure, or the cancellation of the task.  Or it waits on,
 * by native_again. */
void native_settle(struct task *task, struct eddy_awaitable *a);

#endif
