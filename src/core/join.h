/* SPDX-License-Identifier: MIT */
/* join.h - waiting for the end of a task. */
#ifndef EDDY_CORE_JOIN_H
#define EDDY_CORE_JOIN_H

#include "core/task.h"

/* Waits until task has ended, even if self is cancelled. */
void task_wait_end(struct task *self, struct task *task);

/* The end of a task that a task waits for. */
void join_wake(struct watch *watch);
/* `task` has ended. If its only watch is that of a task that waits for it alone and is not awake yet, that watch is
 * removed: returns the waiting task. Else NULL. */
static inline struct task *join_only(struct task *task)
{
    struct watch *watch = task->watches.first;
    if (watch->next || watch->fire != join_wake)
        return NULL;
    struct task *joiner = container_of(watch, struct task, wait.watch);
    if (joiner->ready.queued)
        return NULL;
    task->watches.first = NULL;
    watch->link = NULL;
    return joiner;
}

#endif
