/* SPDX-License-Identifier: MIT */
/* unclaimed.h - results that nobody takes: see unclaimed.c. */
#ifndef EDDY_CORE_UNCLAIMED_H
#define EDDY_CORE_UNCLAIMED_H

#include "core/task.h"

/* No code will take the result any more: it goes to `undo`, unless it was taken.  Not where its stack is left. */
static inline void task_give_up_result(struct task *task)
{
    const struct eddy_awaitable_type *type = task_core(task)->type;
    if (!task->has_result)
        return;
    task->has_result = false;
    if (type->undo)
        type->undo(task_handle(task));
}

#endif
