/* SPDX-License-Identifier: MIT */
/*
 * task.h - tasks: coroutines that run beside others. spawn returns a task's handle; the functions here act on it.
 *
 * The handle of spawn(f(x)) is a `struct f *`; `eddy_task *` is the same address without its type. All functions
 * here take either (`void *t`), and futures where that makes sense; the macros of the same names check the type.
 * docs/guide/lifetimes.md says who owns a handle at which moment.
 */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_task {
    struct eddy_awaitable awaitable;
    eddy_void result;
} eddy_task;

/*
 * Asks a task to end: ECANCELED is delivered once, at its current or next await.  reason: NULL, or a text that
 * becomes the error's message (copied).  On a future: ends it with ECANCELED.
 * Returns false if it had already ended.  Never suspends.  Python: Task.cancel, Future.cancel.  Since 0.1.
 */
EDDY_API bool eddy_cancel(void *t, const char *reason);
/* Withdraws one request; returns how many are left. At 0 a request that was not delivered yet is dropped. Python:
 * Task.uncancel. Since 0.1. */
EDDY_API int eddy_uncancel(void *t);
/* The number of requests that were made and not withdrawn. Python: Task.cancelling. Since 0.1. */
EDDY_API int eddy_cancelling(const void *t);
/* True: it has ended with ECANCELED.  Python: Task.cancelled.  Since 0.1. */
EDDY_API bool eddy_cancelled(const void *t);
/* True: it has ended, in any way. Python: Task.done. Since 0.1. */
EDDY_API bool eddy_done(const void *t);

/* Gives the handle up: the task runs on, may outlive the function that spawned it, and frees itself. If it ends with
 * an error, the exception handler gets it. Since 0.1. */
EDDY_API void eddy_detach(void *t);
/* The function that spawned the task no longer owns it, and will not cancel and join it at its end; the handle
 * remains valid, and can be awaited elsewhere. Returns t. Since 0.1. */
EDDY_API void *eddy_keep(void *t);

/* At most 63 bytes of name are kept (copied).  Python: Task.set_name.  Since 0.1. */
EDDY_API void eddy_task_set_name(void *t, const char *name);
/* The name that was set, else a name like "fetch-3"; valid until the task ends or is renamed. Python: Task.get_name.
 * Since 0.1. */
EDDY_API const char *eddy_task_name(const void *t);

/* The loop calls function(argument) after t has ended, soon if it has already ended, in the order of registration.
 * Returns 0, ENOMEM, EDDY_NO_LOOP or EDDY_WRONG_LOOP. Python: Future.add_done_callback. Since 0.1. */
EDDY_API int eddy_add_done_callback(void *t, void (*function)(void *), void *argument);
/* Removes all calls of function(argument); returns how many there were.  Python: Future.remove_done_callback.  Since
 * 0.1. */
EDDY_API size_t eddy_remove_done_callback(void *t, void (*function)(void *), void *argument);

/* The running task; NULL outside of one.  Python: asyncio.current_task.  Since 0.1. */
EDDY_API eddy_task *eddy_current_task(void);
/* Calls visit(task, argument) for each task of this loop that has not ended.  Python: asyncio.all_tasks.
 * Returns how many there are; visit may be NULL.  Since 0.1. */
EDDY_API size_t eddy_all_tasks(void (*visit)(eddy_task *task, void *argument), void *argument);

/* Where the task was spawned; NULL for a task that the library spawned. Since 0.1. */
EDDY_API const struct eddy_site *eddy_task_site(const void *t);

/* Options of one spawn: eddy_spawn_with(coro, &options).  Since 0.1. */
typedef struct eddy_spawn_options {
    size_t size;       /* sizeof(eddy_spawn_options) */
    const char *name;  /* NULL: the function's name and a number */
    size_t stack_size; /* stack size in bytes; 0: the loop's default */
    bool eager;        /* run it at once, until it first waits */
    bool hibernation;  /* its stack may sleep while it waits, as with the loop option of that name */
} eddy_spawn_options;

/* ---- called by the macros; not for programs ---- */

enum { ED_SPAWN_EAGER = 1 };
/* Never NULL: without memory the await of the returned handle fails with ENOMEM. */
EDDY_API EDDY_MUST_USE void *eddy_spawn_copy(const void *coroutine, size_t size, void **children,
                                             const struct eddy_site *site, unsigned flags);

EDDY_API EDDY_MUST_USE void *eddy_spawn_copy_with(const void *coroutine, size_t size, void **children,
                                                  const struct eddy_site *site,
                                                  const eddy_spawn_options *options);

#ifdef __cplusplus
}
#endif
#endif
