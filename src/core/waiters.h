/* SPDX-License-Identifier: MIT */
/*
 * waiters.h - the wait queues of locks, queues, ...: used by start, cancel and by who wakes.
 *
 * Invariant: all that wait in one queue belong to tasks of one loop.
 */
#ifndef EDDY_CORE_WAITERS_H
#define EDDY_CORE_WAITERS_H

#include "eddy/lock.h"

/* A place in a wait-list of a lock, queue, ... */
struct waiter {
    struct waiter *next, *previous;
    struct eddy_waiters *list;        /* NULL: in none */
    struct eddy_awaitable *awaitable; /* the operation that waits */
};

void waiters_add(struct eddy_waiters *list, struct eddy_awaitable *a);
/* True: nobody waits in it, or tasks of this thread's loop do. */
bool waiters_are_ours(const struct eddy_waiters *list);
/* From `start`: the same as waiters_add, but that a list of another loop's tasks fails it. */
void waiters_wait(struct eddy_waiters *list, struct eddy_awaitable *a);
/* The operation that came first, or NULL. */
struct eddy_awaitable *waiters_first(const struct eddy_waiters *list);
/* Takes it off the list, if it is on one: true. */
bool waiters_remove(struct eddy_awaitable *a);
/* waiters_remove and native_complete with ECANCELED: the `cancel` of most of them. */
void waiters_cancel(struct eddy_awaitable *a);
/* Takes the first off and completes it well; false: there was none. */
bool waiters_wake_first(struct eddy_waiters *list);

#endif
