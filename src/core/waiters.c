/* SPDX-License-Identifier: MIT */
/* waiters.c - see waiters.h. */
#include "core/waiters.h"

#include "core/failure.h"
#include "core/wrong_loop.h"

void waiters_refuse(struct eddy_awaitable *a)
{
    native_complete(a, wrong_loop_failure(a->awaitable.type->name));
}

struct eddy_awaitable *waiters_first(struct eddy_waiters *waiters)
{
    struct list_link *first = waiters_list(waiters)->first;
    return first ? waiter_task(first)->waits_for : NULL;
}

bool waiters_remove(struct eddy_awaitable *a)
{
    struct waiter *waiter = &owner_of(a)->wait.waiter;
    if (!waiter->list)
        return false;
    list_remove(waiters_list(waiter->list), &waiter->link);
    waiter->list = NULL;
    return true;
}

void waiters_cancel(struct eddy_awaitable *a)
{
    if (waiters_remove(a))
        native_complete(a, &failure_cancelled);
}
