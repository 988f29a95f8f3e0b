/* SPDX-License-Identifier: MIT */
/* life.h - how a task begins; it ends by itself. */
#ifndef EDDY_CORE_LIFE_H
#define EDDY_CORE_LIFE_H

#include "core/task.h"

/* A task not yet in the ready queue, with one reference of the loop and one for the caller, inside of `outer` (NULL: in
 * no scope); NULL: no memory. */
struct task *task_new(struct eddy_loop *loop, struct level *outer, const void *coroutine, size_t size,
                      const struct eddy_site *site);
/* Makes it ready to run: takes its stack.  False: no memory, and the task has ended with ENOMEM. */
bool task_prepare(struct task *task);
/* What the stack of a task begins with.  Debuggers know it by this name. */
void task_entry(void *task);

#endif
