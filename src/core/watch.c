/* SPDX-License-Identifier: MIT */
/* watch.c - calls at the end of a task or future. */
#include "core/task.h"

#include "core/future.h"

void watch_remove(struct watches *watches, struct watch *watch)
{
    if (!watch->link)
        return;
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    else
        watches->end = watch->link;
    watch->link = NULL;
}

void watches_fire(struct watches *watches)
{
    for (struct watch *watch; (watch = watches->first);) {
        watches->first = watch->next;
        if (watch->next)
            watch->next->link = &watches->first;
        watch->link = NULL;
        watch->fire(watch);
    }
}

struct watches *watches_of(struct eddy_awaitable *a)
{
    return handle_is_task(a) ? &task_of_handle(a)->watches : &future_of_handle(a)->watches;
}

bool awaitable_mark(struct eddy_awaitable *a)
{
    if (a->awaitable.flags & ED_FLAG_MARKED)
        return false;
    if (!handle_is_task(a) || task_of_handle(a)->loop)
        a->awaitable.flags |= ED_FLAG_MARKED;
    return true;
}

void awaitable_unmark(struct eddy_awaitable *a)
{
    a->awaitable.flags &= (uint8_t)~ED_FLAG_MARKED;
}
