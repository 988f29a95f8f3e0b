/* SPDX-License-Identifier: MIT */
/* unclaimed.h - results that are never taken; see unclaimed.c. */
#ifndef EDDY_CORE_UNCLAIMED_H
#define EDDY_CORE_UNCLAIMED_H

#include "core/task.h"

/* No code will take the result any more: it goes to `undo`, unless it was taken. Must not be called while its stack
 * is left. */
static inline void task_give_up_result(struct task *task)
{
    const struct eddy_awaitable_type *type = task_core(task)->type;
    if (!task->has_result)
        return;
    task->has_result = false;
    if (type->undo)
        type->undo(task_handle(task));
}

/* The loop ends: a result that ends with it (a stream, a server) goes to `undo` now.  False: it is another kind of
 * result, which is left as it is. */
static inline bool unclaimed_end_with_loop(struct eddy_awaitable *a)
{
    a->awaitable.flags |= ED_FLAG_LOOP_ENDS; /* eddy_free_unclaimed takes it back when it leaves the result */
    a->awaitable.type->undo(a);
    bool freed = a->awaitable.flags & ED_FLAG_LOOP_ENDS;
    a->awaitable.flags &= (uint8_t)~ED_FLAG_LOOP_ENDS;
    return freed;
}

#endif
