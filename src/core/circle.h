/* SPDX-License-Identifier: MIT */
/*
 * circle.h - tasks that wait for each other's end: the links between them, and circles, in which none would ever end.
 *
 * Invariant: task->joins and task->joined_by link no circle.  The await that would close one is refused; where the end
 * of a frame would, the await of the frame's own task ends instead, for a frame has to wait for what it spawned.
 */
#ifndef EDDY_CORE_CIRCLE_H
#define EDDY_CORE_CIRCLE_H

#include "core/task.h"

/* self begins to wait for task, and ends it.  passes_on: requests to cancel self go on to task. */
static inline void circle_link(struct task *self, struct task *task, bool passes_on)
{
    self->joins = task;
    self->passes_on = passes_on;
    if (!task->joined_by) /* one that is awaited may be waited for by its frame, too */
        task->joined_by = self;
}
static inline void circle_unlink(struct task *self)
{
    if (self->joins && self->joins->joined_by == self)
        self->joins->joined_by = NULL;
    self->joins = NULL;
    self->passes_on = false;
}
/* Looks ahead from task and back from self in step, so that it costs what the shorter way costs: chains of any length
 * are built in reasonable time from either end. */
struct task *circle_search(struct task *task, const struct task *self);
/* Of those that `task` waits for, the one that waits for self; NULL: none, so that self may wait for task. */
static inline struct task *circle_last(struct task *task, const struct task *self)
{
    return __builtin_expect(self->joined_by != NULL, 0) ? circle_search(task, self) : NULL;
}
/* Ends the wait for self that would make a circle of self's wait for task; the await fails with circle_failure. */
void circle_break(struct task *task, const struct task *self);
/* EDDY_WAITS_FOR_ITSELF with the members' names and where they were spawned. */
struct eddy_failure *circle_failure(struct task *self, struct task *task);

#endif
