/* SPDX-License-Identifier: MIT */
/* waiters.c - see waiters.h. */
#include "core/waiters.h"

#include "core/failure.h"
#include "core/wrong_loop.h"

void waiters_refuse(struct eddy_awaitable *a)
{
    native_complete(a, wrong_loop_failure(a->awaitable.type->name));
}

struct eddy_awaitable *waiters_first(const struct eddy_waiters *list)
{
    struct waiter *first = list->first;
    return first ? waiter_task(first)->waits_for : NULL;
}

bool waiters_remove(struct eddy_awaitable *a)
{
    struct waiter *waiter = &owner_of(a)->wait.waiter;
    struct eddy_waiters *list = waiter->list;
    if (!list)
        return false;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        list->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        list->last = waiter->previous;
    waiter->list = NULL;
    return true;
}

void waiters_cancel(struct eddy_awaitable *a)
{
    if (waiters_remove(a))
        native_complete(a, &failure_cancelled);
}
