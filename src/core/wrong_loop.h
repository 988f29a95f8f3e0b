/* SPDX-License-Identifier: MIT */
/*
 * wrong_loop.h - use of an object on another thread than its loop's: named, and carried out where it belongs.
 *
 * An await fails with EDDY_WRONG_LOOP.  A call that would wake a task of another loop is passed to that loop, so that
 * the task does not wait for ever; the sentence says how the program does so itself.  All of it is best effort: whoever
 * breaks the rule has a race.
 */
#ifndef EDDY_CORE_WRONG_LOOP_H
#define EDDY_CORE_WRONG_LOOP_H

#include "core/current.h"
#include "core/task.h"
#include "eddy/loop.h"

/* A line "eddy: ..." to the log hook of this thread's loop, else to stderr; a process says so a hundred times. */
void wrong_loop_say(const char *format, ...) EDDY_PRINTF(1, 2);
/* What an await of it gives. */
struct eddy_failure *wrong_loop_failure(const char *what);

/* Of a task or future.  True: this thread may wait for it and change it. */
bool awaitable_is_ours(const struct eddy_awaitable *a);
/* Of an array of pointers to such. */
bool awaitables_are_ours(const void *array, size_t count);
/* As awaitable_is_ours; if not, says that `call` did nothing. */
bool awaitable_check_ours(const struct eddy_awaitable *a, const char *call);
/* The same of what belongs to `loop`: a stream, a file. */
bool loop_check_ours(const struct eddy_loop *loop, const char *call, const char *what);

/* Ends, on its loop's thread, an operation that a task of that loop waits for; owns the failure. */
void wrong_loop_complete(struct eddy_awaitable *a, struct eddy_failure *failure);
/* Ends a future there: by `end`, if it is still pending. */
void wrong_loop_end_future(struct eddy_awaitable *a, struct eddy_failure *failure,
                           void (*end)(struct eddy_awaitable *a, struct eddy_failure *failure));
/* Cancels a task there. */
void wrong_loop_cancel(struct task *task);

#endif
