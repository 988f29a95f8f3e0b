/* SPDX-License-Identifier: MIT */
/*
 * post.c - calls that other threads ask of a loop.
 *
 * Invariant: a call that was taken is made.  The loop takes calls until its tasks have ended; then its name leads
 * nowhere any more, see gate.h, and those that were taken until then are the last that it makes.
 */
#include <errno.h>

#include "core/blocking.h"
#include "core/current.h"
#include "core/loop.h"
#include "os/memory.h"

void loop_post(struct eddy_loop *loop, struct remote_call *call)
{
    bool of_pool = call->of_pool; /* once it is in the inbox it may be gone */
    call->next = __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&loop->inbox, &call->next, call, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
    if (!of_pool)
        driver_count_up(&loop->driver->posted);
    driver_wake(loop->driver);
}

void loop_drain_inbox(struct eddy_loop *loop)
{
    struct remote_call *newest = __atomic_exchange_n(&loop->inbox, NULL, __ATOMIC_ACQUIRE), *oldest = NULL;
    while (newest) {
        struct remote_call *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) { /* the call may free its memory */
        struct remote_call *next = oldest->next;
        oldest->function(oldest->argument);
        oldest = next;
    }
    blocking_deliver(loop);
}

/* A call in memory of its own. */
struct posted {
    struct remote_call call;
    void (*function)(void *);
    void *argument;
};

/* In a pass; when the main task has ended at once, for there may be no pass any more. */
static void make_posted_call(void *argument)
{
    struct posted posted = *(struct posted *)argument;
    memory_free(argument);
    if (current.loop->closing || !(eddy_call_soon)(posted.function, posted.argument))
        posted.function(posted.argument);
}

int(eddy_call_soon_threadsafe)(eddy_loop *name, void (*function)(void *), void *argument)
{
    int error = loop_resolve(&name, "eddy_call_soon_threadsafe(loop, function, argument)");
    if (error)
        return error;
    struct posted *posted = memory_alloc(sizeof *posted);
    if (!posted)
        return ENOMEM;
    *posted = (struct posted){{.function = make_posted_call, .argument = posted}, function, argument};
    struct eddy_loop *loop = loop_enter(name);
    if (!loop) {
        memory_free(posted);
        return EDDY_NO_LOOP;
    }
    loop_post(loop, &posted->call);
    loop_leave(name);
    return 0;
}

void loop_end_posts(struct eddy_loop *loop)
{
    loop->ended = true;
    gate_close((uintptr_t)loop->name);
    loop_drain_inbox(loop);
}
