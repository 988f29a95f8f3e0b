/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - calls that other threads post to a loop.
 *
 * Invariant: a call that was taken is made. The loop takes calls until its tasks have ended. After that its name
 * leads to no loop (see gate.h), and the calls taken until then are the last that it makes.
 */
#include "core/loop.h"

void loop_post(struct eddy_loop *loop, struct remote_call *call)
{
    struct driver *driver = loop->driver;
    /* Looked at first: once the call is in the inbox, the loop may have freed it. */
    size_t *count = call->of_pool ? &driver->ended : &driver->posted;
    call->next = __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&loop->inbox, &call->next, call, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
    driver_count_up(count); /* after that: what is counted is there when the inbox is taken */
    driver_wake(driver);
}

/* A list, oldest first. */
static struct remote_call *take_all(struct eddy_loop *loop)
{
    struct remote_call *newest = __atomic_exchange_n(&loop->inbox, NULL, __ATOMIC_ACQUIRE), *oldest = NULL;
    while (newest) {
        struct remote_call *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* In virtual time the pool's calls come last, in the order in which they began, whichever thread was faster: so a
 * seed repeats a run. */
static struct remote_call *in_order(struct remote_call *call)
{
    struct remote_call *first = NULL, **end = &first, *of_pool = NULL, *next;
    for (; call; call = next) {
        struct remote_call **link = end;
        next = call->next;
        if (call->of_pool)
            for (link = &of_pool; *link && (*link)->of_pool < call->of_pool;)
                link = &(*link)->next;
        else
            end = &call->next;
        call->next = *link;
        *link = call;
    }
    *end = of_pool;
    return first;
}

void loop_drain_inbox(struct eddy_loop *loop)
{
    struct remote_call *call = take_all(loop), *next;
    if (loop->driver->virtual_time)
        call = in_order(call);
    for (; call; call = next) {
        next = call->next; /* the call may free its memory */
        call->function(call->argument);
    }
}

void loop_end_posts(struct eddy_loop *loop)
{
    loop->ended = true;
    gate_close((uintptr_t)loop->name);
    loop_drain_inbox(loop);
}
