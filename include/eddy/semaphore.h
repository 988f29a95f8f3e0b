/* SPDX-License-Identifier: MIT */
/* semaphore.h - at most n tasks at a time, first come first served. */
#ifndef EDDY_SEMAPHORE_H
#define EDDY_SEMAPHORE_H

#include "lock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_semaphore {
    struct eddy_waiters waiters;
    size_t value;    /* units free */
    size_t promised; /* units given to tasks that have not run yet */
} eddy_semaphore;
#define EDDY_SEMAPHORE_INIT(n) {{NULL, NULL}, (n), 0}

struct eddy_semaphore_acquire {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_semaphore *semaphore;
};
/* await(eddy_semaphore_acquire(&s)).  Suspends while no unit is free.  Fails with ECANCELED.
 * Python: Semaphore.acquire.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_semaphore_acquire eddy_semaphore_acquire(eddy_semaphore *semaphore);
/* Gives a unit to the next waiter, or adds one.  Python: Semaphore.release.  Since 0.1. */
EDDY_API void eddy_semaphore_release(eddy_semaphore *semaphore);
/* True: an acquire would wait. Python: Semaphore.locked. Since 0.1. */
EDDY_API bool eddy_semaphore_locked(const eddy_semaphore *semaphore);

struct eddy_semaphore_hold {
    struct eddy_manager manager;
    eddy_semaphore *value;
};
/* Python: async with semaphore.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_semaphore_hold eddy_semaphore_hold(eddy_semaphore *semaphore);

#ifdef __cplusplus
}
#endif
#endif
