/* SPDX-License-Identifier: MIT */
/* barrier.h - n tasks that wait for each other; the n-th task releases all of them, and the barrier can be used
 * again. */
#ifndef EDDY_BARRIER_H
#define EDDY_BARRIER_H

#include "lock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_barrier {
    struct eddy_waiters waiters;
    size_t parties;  /* how many tasks open it */
    size_t waiting;  /* how many have arrived and wait */
    size_t draining; /* released, but not resumed yet; a task that arrives meanwhile waits for the next round */
    bool broken;     /* aborted, until it is reset */
    bool spoilt;     /* aborted or reset: tasks that are draining fail */
} eddy_barrier;
#define EDDY_BARRIER_INIT(n) {{NULL, NULL}, (n), 0, 0, false, false}

struct eddy_barrier_wait {
    struct eddy_awaitable awaitable;
    size_t result; /* 0 to parties - 1, a different number for each task: the order of arrival */
    eddy_barrier *barrier;
};
/* await(eddy_barrier_wait(&b)) gives the order of arrival.  A cancelled waiter leaves the wait queue.  Fails with
 * EDDY_BARRIER_BROKEN, ECANCELED.  Python: Barrier.wait.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_barrier_wait eddy_barrier_wait(eddy_barrier *barrier);
/* Waiting tasks, released tasks that have not run yet, and all later ones fail with EDDY_BARRIER_BROKEN.
 * Python: Barrier.abort.  Since 0.1. */
EDDY_API void eddy_barrier_abort(eddy_barrier *barrier);
/* Waiting tasks, and released tasks that have not run yet, fail; the barrier can be used again.  Python:
 * Barrier.reset. */
EDDY_API void eddy_barrier_reset(eddy_barrier *barrier);

#ifdef __cplusplus
}
#endif
#endif
