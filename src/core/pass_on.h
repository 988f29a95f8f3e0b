/* SPDX-License-Identifier: MIT */
/*
 * pass_on.h - calls on another thread than the object's: its loop executes them.
 *
 * A call that would wake a task of another loop is passed to that loop, so that the task does not wait for ever; the
 * message says how the program can do so itself. This is best effort: a program that breaks the rule has a race.
 */
#ifndef EDDY_CORE_PASS_ON_H
#define EDDY_CORE_PASS_ON_H

#include "core/task.h"

/* Called on the loop's thread, if it must still be done; `end` owns the failure. */
typedef void end_function(struct eddy_awaitable *a, struct eddy_failure *failure);
typedef bool cancel_function(struct task *task, const char *reason);

/* Ends an operation that a task of the other loop waits for. */
void pass_on_completion(struct eddy_awaitable *a, struct eddy_failure *failure, end_function *end);
/* Ends a future; if its loop has ended, on this thread. site: of the call, or NULL. */
void pass_on_end_of_future(struct eddy_awaitable *a, struct eddy_failure *failure, end_function *end,
                           const struct eddy_site *site);
/* Cancels a task. */
void pass_on_cancel(struct task *task, cancel_function *cancel);

#endif
