/* SPDX-License-Identifier: MIT */
/*
 * waiters.h - the wait queues of locks, queues, ...: used by start, cancel and by who wakes.
 *
 * Invariant: all that wait in one queue belong to tasks of one loop.  Adding and waking are in this header, since what
 * a lock does is little more than their few instructions.
 */
#ifndef EDDY_CORE_WAITERS_H
#define EDDY_CORE_WAITERS_H

#include "base/list.h"
#include "core/current.h"
#include "core/native.h"
#include "core/sched.h"
#include "core/waiter.h"

static inline struct task *waiter_task(struct waiter *waiter)
{
    return container_of(waiter, struct task, wait.waiter);
}
/* True: nobody waits in it, or tasks of this thread's loop do. */
static inline bool waiters_are_ours(const struct eddy_waiters *list)
{
    return !list->first || waiter_task(list->first)->loop == current.loop;
}
static inline void waiters_add(struct eddy_waiters *list, struct eddy_awaitable *a)
{
    struct waiter *waiter = &owner_of(a)->wait.waiter, *last = list->last;
    waiter->next = NULL;
    waiter->previous = last;
    waiter->list = list;
    if (last)
        last->next = waiter;
    else
        list->first = waiter;
    list->last = waiter;
}
void waiters_refuse(struct eddy_awaitable *a);
/* From `start`: the same, but that a list of another loop's tasks fails it. */
static inline void waiters_wait(struct eddy_waiters *list, struct eddy_awaitable *a)
{
    if (__builtin_expect(waiters_are_ours(list), 1))
        waiters_add(list, a);
    else
        waiters_refuse(a);
}
/* The operation that came first, or NULL. */
struct eddy_awaitable *waiters_first(const struct eddy_waiters *list);
/* Takes it off the list, if it is on one: true. */
bool waiters_remove(struct eddy_awaitable *a);
/* waiters_remove and native_complete with ECANCELED: the `cancel` of most of them. */
void waiters_cancel(struct eddy_awaitable *a);
/* Takes the first off and completes it well; false: there was none. */
static inline bool waiters_wake_first(struct eddy_waiters *list)
{
    struct waiter *first = list->first;
    if (!first)
        return false;
    list->first = first->next;
    if (first->next)
        first->next->previous = NULL;
    else
        list->last = NULL;
    first->list = NULL;
    native_complete_well(waiter_task(first));
    return true;
}

#endif
