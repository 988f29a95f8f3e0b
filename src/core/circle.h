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
void circle_link(struct task *self, struct task *task, bool passes_on);
void circle_unlink(struct task *self);
/* Of those that `task` waits for, the one that waits for self; NULL: none, so that self may wait for task. */
struct task *circle_last(struct task *task, const struct task *self);
/* Ends the wait for self that would make a circle of self's wait for task; the await fails with circle_failure. */
void circle_break(struct task *task, const struct task *self);
/* EDDY_WAITS_FOR_ITSELF with the members' names and where they were spawned. */
struct eddy_failure *circle_failure(struct task *self, struct task *task);

#endif
