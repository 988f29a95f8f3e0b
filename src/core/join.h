/* SPDX-License-Identifier: MIT */
/* join.h - waiting for the end of a task. */
#ifndef EDDY_CORE_JOIN_H
#define EDDY_CORE_JOIN_H

#include "core/task.h"

/* Waits until task has ended. forward: it is an await, and a cancellation of self is passed to task; else self goes
 * on waiting. */
void task_wait_end(struct task *self, struct task *task, bool forward);

#endif
