/* SPDX-License-Identifier: MIT */
/* barrier.h - n tasks that wait for each other; the n-th lets all go on, and it can be used again. */
#ifndef EDDY_BARRIER_H
#define EDDY_BARRIER_H

#include "lock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_barrier {
    struct eddy_waiters waiters;
    size_t parties;  /* how many make it open */
    size_t waiting;  /* how many have arrived and wait */
    size_t draining; /* let go, and not gone on yet; who comes meanwhile arrives when all have */
    bool broken;     /* aborted, until it is reset */
    bool spoilt;     /* aborted or reset: those who drain fail */
} eddy_barrier;
#define EDDY_BARRIER_INIT(n) {{NULL, NULL}, (n), 0, 0, false, false}

struct eddy_barrier_wait {
    struct eddy_awaitable awaitable;
    size_t result; /* 0 to parties - 1, another one for each: the order of arrival */
    eddy_barrier *barrier;
};
/* await(eddy_barrier_wait(&b)) gives the order of arrival.  A cancelled waiter just leaves.  Fails with
 * EDDY_BARRIER_BROKEN, ECANCELED.  Python: Barrier.wait.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_barrier_wait eddy_barrier_wait(eddy_barrier *barrier);
/* Those who wait, those let go who have not run yet, and all who come, fail with EDDY_BARRIER_BROKEN.
 * Python: Barrier.abort.  Since 0.1. */
EDDY_API void eddy_barrier_abort(eddy_barrier *barrier);
/* Those who wait, or were let go and have not run yet, fail; it can be used again.  Python: Barrier.reset. */
EDDY_API void eddy_barrier_reset(eddy_barrier *barrier);

#ifdef __cplusplus
}
#endif
#endif
