/* SPDX-License-Identifier: MIT */
/*
 * scope.h - blocks that release what they acquired: managers, timeouts, task groups.
 *
 * async_with (v, m) { ... } enters the manager m, binds v to its `value`, and calls its exit on every way out of
 * the block: its end, return, goto, a failure, cancellation.  A manager is a struct whose first member is
 * `struct eddy_manager manager` and which has a `value`.
 */
#ifndef EDDY_SCOPE_H
#define EDDY_SCOPE_H

#include "task.h"

#ifdef __cplusplus
extern "C" {
#endif

struct eddy_manager {
    /* Acquires the resource; may suspend (eddy_await(x, err)).  To refuse it sets *err; exit is then not called.
     * Python: __aenter__. */
    void (*enter)(struct eddy_manager *manager, eddy_error *err);
    /* Releases it; may suspend. err->code is the failure that leaves the block, or 0. It may replace the failure (or
     * make one) by eddy_error_set or by changing err->code; setting it to 0 does not suppress the failure, since the
     * failing await has already left the block. Python: __aexit__. */
    void (*exit)(struct eddy_manager *manager, eddy_error *err);
    bool entered, closed, forgives; /* the library's */
};

/* A cancellation scope with a deadline: what eddy_timeout binds. */
typedef struct eddy_scope eddy_scope;

struct eddy_timeout {
    struct eddy_manager manager;
    eddy_scope *value;
    void *state[7]; /* the state of the scope; for the library only */
};
/*
 * async_with (scope, eddy_timeout(seconds)): after that time the block's current await fails with ECANCELED, which
 * leaves the block as ETIMEDOUT. Infinity or NaN: no deadline. Python: asyncio.timeout. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_timeout(double seconds);
/* The same at a point of eddy_time().  Python: asyncio.timeout_at.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_timeout_at(double when);
/* Moves the deadline of an active scope; one in the past is reached in the next pass of the loop. Python:
 * reschedule. */
EDDY_API void eddy_reschedule(eddy_scope *scope, double when);
/* True: the deadline was reached while the block ran.  Python: Timeout.expired.  Since 0.1. */
EDDY_API bool eddy_expired(const eddy_scope *scope);
/* The deadline in the time of eddy_time(); infinity: none. Python: Timeout.when. Since 0.1. */
EDDY_API double eddy_when(const eddy_scope *scope);

/*
 * Trio's scopes: once the deadline has come (or eddy_scope_cancel was called), every await inside fails with ECANCELED
 * until the block has been left, so that swallowing one does not make the program hang.
 *
 * eddy_fail_after(seconds): the block is left with ETIMEDOUT. Trio: fail_after. Since 0.1.
 * eddy_move_on_after(seconds): the block is left without an error. The failing await has already left the function,
 * which returns zero: so put the block into a separate function. eddy_move_on_after(seconds, &fired): `bool fired`
 * is set when the block ends, true if the scope ended it; it must live until then. Trio: move_on_after. Since 0.1.
 * eddy_cancel_scope(): the same without a deadline. Trio: CancelScope. Since 0.1. eddy_shield(seconds): for
 * clean-up: cancelled scopes around it do not reach inside; it has a deadline of its own, after which it fails with
 * ETIMEDOUT. Trio: CancelScope(shield=True). Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_fail_after(double seconds);
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_move_on_after(double seconds);
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_cancel_scope(void);
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_shield(double seconds);
/* Cancels the block now; its kind decides how it ends. Since 0.1. */
EDDY_API void eddy_scope_cancel(eddy_scope *scope);

/* Tasks that end together: what eddy_task_group binds. */
typedef struct eddy_group eddy_group;

struct eddy_task_group {
    struct eddy_manager manager;
    eddy_group *value;
    void *state[10]; /* the state of the group; for the library only */
};
/*
 * async_with (group, eddy_task_group()): the end of the block waits for all tasks of the group; the first that
 * fails cancels the others and the block.  The failure that leaves the block is the first, and holds the others
 * (eddy_error_count, eddy_error_at).  Python: asyncio.TaskGroup.  Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_task_group eddy_task_group(void);
/* Cancels the tasks of the group, and its block if that has not reached its end.  If the block reaches its end, the
 * program goes on after it without an error.  If the block was waiting, that await fails with ECANCELED and leaves the
 * block; the caller may catch it as any other error.  Python: TaskGroup.cancel (3.15).  Since 0.1. */
EDDY_API void eddy_group_cancel(eddy_group *group);
/* Tasks of the group that have not ended.  Since 0.1. */
EDDY_API size_t eddy_group_size(const eddy_group *group);

/* A generator that yields once, as a manager (eddy_manager_from_generator).  Python: contextmanager. */
struct eddy_generator_manager {
    struct eddy_manager manager;
    size_t generator_offset, generator_size; /* its place in the manager's whole struct, and its size */
    size_t value_offset, generator_value_offset, generator_sent_offset, value_size;
    bool is_async;
};

/* ---- called by the macros; not for programs ---- */
EDDY_API EDDY_MUST_USE struct eddy_timeout eddy_move_on_telling(double seconds, bool *fired);
/* Returns a failure that makes enter fail; NULL when entered. */
EDDY_API struct eddy_failure *eddy_manager_enter(struct eddy_manager *manager);
/* Runs exit with the current failure (NULL: none); returns the failure that leaves the block. */
EDDY_API struct eddy_failure *eddy_manager_exit(struct eddy_manager *manager, struct eddy_failure *failure);
/* A local of each block: its cleanup, eddy_manager_leave, calls exit if a return or a failure leaves the block. */
struct eddy_leaving {
    struct eddy_manager *manager; /* the block's */
    struct eddy_core *frame;      /* the body that contains it */
};
EDDY_API void eddy_manager_leave(struct eddy_leaving *leaving);
EDDY_API void eddy_break_in_async_with(const struct eddy_site *site) __attribute__((cold, noreturn));
EDDY_API void eddy_generator_manager_enter(struct eddy_manager *manager, eddy_error *err);
EDDY_API void eddy_generator_manager_exit(struct eddy_manager *manager, eddy_error *err);
/* slot: NULL, or where the result is copied when the task succeeds; it is size bytes at offset of the coroutine.
 * Returns 0, EDDY_GROUP_CLOSED or ENOMEM; a refused coroutine has been freed. */
EDDY_API int eddy_group_spawn_copy(eddy_group *group, void *coroutine, size_t size, void *slot, size_t result_offset,
                                   size_t result_size, const struct eddy_site *site);

#ifdef __cplusplus
}
#endif
#endif
