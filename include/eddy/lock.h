/* SPDX-License-Identifier: MIT */
/*
 * lock.h - a lock for one task at a time: fair, handed over in the order of asking.
 *
 *     eddy_lock l = EDDY_LOCK_INIT;
 *     async_with (held, eddy_lock_hold(&l)) { ... }         // held is the eddy_lock *
 */
#ifndef EDDY_LOCK_H
#define EDDY_LOCK_H

#include "scope.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A wait queue, first come first served; all zero: empty. Each lock, event and the like has one. */
struct eddy_waiters {
    void *first, *last;
};

typedef struct eddy_lock {
    struct eddy_waiters waiters;
    bool held;
} eddy_lock;
#define EDDY_LOCK_INIT {{NULL, NULL}, false}

struct eddy_lock_acquire {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_lock *lock;
};
/* await(eddy_lock_acquire(&l)). Suspends while another task holds it. Fails with ECANCELED. Python:
 * Lock.acquire. Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_lock_acquire eddy_lock_acquire(eddy_lock *lock);
/* Hands the lock to the next waiter; any task may release it. Releasing a lock that is not held is an assertion.
 * Python: Lock.release. Since 0.1. */
EDDY_API void eddy_lock_release(eddy_lock *lock);
/* Python: Lock.locked.  Since 0.1. */
EDDY_API bool eddy_lock_locked(const eddy_lock *lock);

struct eddy_lock_hold {
    struct eddy_manager manager;
    eddy_lock *value;
};
/* Python: async with lock.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_lock_hold eddy_lock_hold(eddy_lock *lock);

#ifdef __cplusplus
}
#endif
#endif
