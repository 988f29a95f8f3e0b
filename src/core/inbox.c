/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - calls that other threads post to a loop.
 *
 * Invariant: a call that was taken is made. The loop takes calls until its tasks have ended. After that its name
 * leads to no loop (see gate.h), and the calls taken until then are the last that it makes.
 */
#include "core/loop.h"

/* The count comes after the call: what is counted is there when the inbox is taken. Only a virtual clock reads the
 * count of `posted`. A virtual clock may wait for a count to change, so it is woken each time. */
static void tell_driver(struct driver *driver, bool of_pool, bool was_empty)
{
    if (of_pool || driver->virtual_time)
        driver_count_up(of_pool ? &driver->ended : &driver->posted);
    if (was_empty || driver->virtual_time)
        driver_wake(driver);
}

/* Whoever puts a call into an empty inbox wakes the loop, which takes all calls at once. */
void loop_post(struct eddy_loop *loop, struct remote_call *call)
{
    bool of_pool = call->of_pool != 0; /* read first: once the call is in the inbox, the loop may have freed it */
    struct remote_call *newest = __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
    do
        call->next = newest;
    while (!__atomic_compare_exchange_n(&loop->inbox, &newest, call, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    tell_driver(loop->driver, of_pool, !newest);
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
