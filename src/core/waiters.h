/* SPDX-License-Identifier: MIT */
/*
 * waiters.h - the wait queues of locks, queues, ...: used by start, by cancel and for waking.
 *
 * Invariant: all operations in one wait queue belong to tasks of one loop. Adding and waking are in this header,
 * since a lock's work is little more than these few instructions.
 */
#ifndef EDDY_CORE_WAITERS_H
#define EDDY_CORE_WAITERS_H

#include "base/list.h"
#include "core/current.h"
#include "core/native.h"
#include "core/sched.h"
#include "core/waiter.h"

_Static_assert(sizeof(struct list) == sizeof(struct eddy_waiters), "eddy_waiters is a list");
static inline struct list *waiters_list(struct eddy_waiters *waiters)
{
    return (struct list *)(void *)waiters;
}
static inline struct task *waiter_task(struct list_link *link)
{
    return container_of(link, struct task, wait.waiter.link);
}
/* True: no task waits in it, or only tasks of this thread's loop. */
static inline bool waiters_are_ours(struct eddy_waiters *waiters)
{
    struct list_link *first = waiters_list(waiters)->first;
    return !first || waiter_task(first)->loop == current.loop;
}
static inline void waiters_add(struct eddy_waiters *waiters, struct eddy_awaitable *a)
{
    struct waiter *waiter = &owner_of(a)->wait.waiter;
    EDDY_EXPENSIVE_INVARIANT(waiters_are_ours(waiters));
    waiter->list = waiters;
    list_add_last(waiters_list(waiters), &waiter->link);
}
void waiters_refuse(struct eddy_awaitable *a);
/* Called by `start`: the same, except that a queue with tasks of another loop makes it fail. */
static inline void waiters_wait(struct eddy_waiters *waiters, struct eddy_awaitable *a)
{
    if (__builtin_expect(waiters_are_ours(waiters), 1))
        waiters_add(waiters, a);
    else
        waiters_refuse(a);
}
/* The operation that came first, or NULL. */
struct eddy_awaitable *waiters_first(struct eddy_waiters *waiters);
/* Removes it from the queue; true: it was in it. */
bool waiters_remove(struct eddy_awaitable *a);
/* waiters_remove, then native_complete with ECANCELED: the `cancel` of most operations. */
void waiters_cancel(struct eddy_awaitable *a);
/* Removes the first operation and completes it with success; false: there was none. */
static inline bool waiters_wake_first(struct eddy_waiters *waiters)
{
    struct list_link *first = list_take_first(waiters_list(waiters));
    if (!first)
        return false;
    struct task *task = waiter_task(first);
    task->wait.waiter.list = NULL;
    native_complete_well(task);
    return true;
}

#endif
