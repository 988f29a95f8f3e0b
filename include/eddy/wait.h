/* SPDX-License-Identifier: MIT */
/*
 * wait.h - waiting for time and for several things: sleep, gather, wait, as_completed.
 *
 * Handles that are passed to these functions still belong to the caller; each result is then taken by await(t),
 * which no longer waits. eddy_gather spawns and owns the coroutine values that are passed to it (their results are
 * lost).
 */
#ifndef EDDY_WAIT_H
#define EDDY_WAIT_H

#include "generator.h"
#include "task.h"

#ifdef __cplusplus
extern "C" {
#endif

struct eddy_sleep {
    struct eddy_awaitable awaitable;
    eddy_void result;
    double seconds;
};
EDDY_API extern const struct eddy_awaitable_type eddy_sleep_type;
/*
 * await(eddy_sleep(seconds)): suspends this task for at least that long; 0 or less: one pass of the loop. Fails with
 * EINVAL for NaN, ECANCELED. Python: asyncio.sleep. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_sleep eddy_sleep(double seconds);

enum eddy_wait_mode { EDDY_FIRST_COMPLETED, EDDY_FIRST_FAILED, EDDY_ALL_COMPLETED };

/* eddy_gather(t, ...), eddy_gather_settled(t, ...): up to 8 tasks, futures, coroutine values. */
struct eddy_gather {
    struct eddy_awaitable awaitable;
    eddy_void result;
    unsigned count;
    unsigned owned;                     /* bit i: children[i] was spawned for this gather, which frees it */
    bool settled;                       /* never fails on a child's error */
    struct eddy_awaitable *children[8];
};
/* eddy_gather_array(tasks, n): the array is read when the gather starts and when it ends. */
struct eddy_gather_array {
    struct eddy_awaitable awaitable;
    eddy_void result;
    bool settled;
    size_t count;
    void *children;                     /* the array, read by memcpy: struct f ** is not eddy_task ** */
};
/* eddy_wait(tasks, n, mode): the result is the number of tasks that are done. */
struct eddy_wait {
    struct eddy_awaitable awaitable;
    size_t result;
    void *tasks;
    size_t count;
    enum eddy_wait_mode mode;
};
EDDY_API extern const struct eddy_awaitable_type eddy_gather_type, eddy_gather_array_type, eddy_wait_type;

/* eddy_as_completed(tasks, n): an async iterator over the handles, in the order of completion. */
struct eddy_as_completed {
    struct eddy_async_generator async_generator;
    void *tasks;
    size_t count;
    size_t given;       /* number of handles that were returned */
    void *watch;        /* the queue of the finished tasks; owned by the library */
};
EDDY_API bool eddy_as_completed_step(struct eddy_async_generator *generator, void *value);

/* ---- called by the macros; not for programs ---- */
/* Spawns a coroutine value for a gather. */
EDDY_API EDDY_MUST_USE struct eddy_awaitable *eddy_gather_child(const void *coroutine, size_t size,
                                                                const struct eddy_site *site);

#ifdef __cplusplus
}
#endif
#endif
