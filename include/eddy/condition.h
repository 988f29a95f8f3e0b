/* SPDX-License-Identifier: MIT */
/* condition.h - waiting, under a lock, for something to change; a condition is made with its lock. */
#ifndef EDDY_CONDITION_H
#define EDDY_CONDITION_H

#include "lock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eddy_condition {
    struct eddy_waiters waiters;
    eddy_lock *lock;
} eddy_condition;
#define EDDY_CONDITION_INIT(lock) {{NULL, NULL}, (lock)}

struct eddy_condition_wait {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_condition *condition;
};
/*
 * await(eddy_condition_wait(&c)): releases the lock, suspends until notified, and acquires the lock again, even if
 * it is cancelled. The lock must be held (an assertion). Fails with ECANCELED; a notification that it had received
 * goes to the next waiter. Python: Condition.wait. Since 0.1.
 */
EDDY_API EDDY_MUST_USE struct eddy_condition_wait eddy_condition_wait(eddy_condition *condition);
/* Wakes n waiters, first come first served.  The lock must be held.  Python: Condition.notify. */
EDDY_API void eddy_condition_notify(eddy_condition *condition, size_t n);
EDDY_API void eddy_condition_notify_all(eddy_condition *condition);

struct eddy_condition_hold {
    struct eddy_manager manager;
    eddy_condition *value;
};
/* Holds the condition's lock.  Python: async with condition.  Since 0.1. */
EDDY_API EDDY_MUST_USE struct eddy_condition_hold eddy_condition_hold(eddy_condition *condition);

#ifdef __cplusplus
}
#endif
#endif
