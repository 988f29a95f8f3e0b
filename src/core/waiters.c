/* SPDX-License-Identifier: MIT */
/* waiters.c - see waiters.h. */
#include "core/waiters.h"

#include "core/current.h"
#include "core/failure.h"
#include "core/native.h"
#include "core/wrong_loop.h"

static struct waiter *waiter_of(const struct eddy_awaitable *a)
{
    return &owner_of(a)->wait.waiter;
}

void waiters_add(struct eddy_waiters *list, struct eddy_awaitable *a)
{
    struct waiter *waiter = waiter_of(a), *last = list->last;
    *waiter = (struct waiter){.previous = last, .list = list, .awaitable = a};
    if (last)
        last->next = waiter;
    else
        list->first = waiter;
    list->last = waiter;
}

bool waiters_are_ours(const struct eddy_waiters *list)
{
    struct waiter *first = list->first;
    return !first || owner_of(first->awaitable)->loop == current.loop;
}

void waiters_wait(struct eddy_waiters *list, struct eddy_awaitable *a)
{
    if (__builtin_expect(waiters_are_ours(list), 1))
        waiters_add(list, a);
    else
        native_complete(a, wrong_loop_failure(a->awaitable.type->name));
}

struct eddy_awaitable *waiters_first(const struct eddy_waiters *list)
{
    struct waiter *first = list->first;
    return first ? first->awaitable : NULL;
}

bool waiters_remove(struct eddy_awaitable *a)
{
    struct waiter *waiter = waiter_of(a);
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

bool waiters_wake_first(struct eddy_waiters *list)
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
    native_complete(first->awaitable, NULL);
    return true;
}
