/* SPDX-License-Identifier: MIT */
/*
 * wrong_loop.h - use of an object on another thread than its loop's: detected and reported.
 *
 * An await fails with EDDY_WRONG_LOOP. A call there is passed on, see pass_on.h, or has no effect.
 */
#ifndef EDDY_CORE_WRONG_LOOP_H
#define EDDY_CORE_WRONG_LOOP_H

#include "core/current.h"
#include "core/task.h"
#include "eddy/loop.h"

/* A line "eddy: ..." to the log hook of this thread's loop, else to stderr; a process prints at most a hundred of
 * them. */
void wrong_loop_say(const char *format, ...) EDDY_PRINTF(1, 2);
/* The failure of an await of such an object. */
struct eddy_failure *wrong_loop_failure(const char *what);

/* True: this thread may wait for the task or future and change it. */
bool awaitable_is_ours(const struct eddy_awaitable *a);
/* The same for an array of pointers to tasks or futures. */
bool awaitables_are_ours(const void *array, size_t count);
/* Like awaitable_is_ours; if not, reports that `call` had no effect. */
bool awaitable_check_ours(const struct eddy_awaitable *a, const char *call);
/* The same for an object that belongs to `loop`: a stream, a file. */
bool loop_check_ours(const struct eddy_loop *loop, const char *call, const char *what);
/* The same, where the place of the call is known. */
bool loop_check_ours_at(const struct eddy_site *site, const struct eddy_loop *loop, const char *call, const char *what);

#endif
