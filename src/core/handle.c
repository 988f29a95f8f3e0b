/* SPDX-License-Identifier: MIT */
/* handle.c - calls that the loop makes: soon, later, at a time; and those that other threads ask for. */
#include <errno.h>

#include "base/assert.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/loop.h"
#include "os/clock.h"
#include "os/memory.h"

struct eddy_handle *handle_new(void (*function)(void *), void *argument)
{
    struct eddy_loop *loop = current.loop;
    struct eddy_handle *handle = loop ? block_take(&loop->blocks, sizeof *handle) : NULL;
    if (handle)
        handle_init(handle, loop, function, argument);
    return handle;
}

void handle_init(struct eddy_handle *handle, struct eddy_loop *loop, void (*function)(void *), void *argument)
{
    *handle = (struct eddy_handle){.ready = {.is_call = true},
                                   .loop = loop,
                                   .function = function,
                                   .argument = argument,
                                   .context = context_ref(context_current())};
}

void handle_free(struct eddy_handle *handle)
{
    if (!handle)
        return;
    context_unref(handle->context);
    if (!handle->embedded)
        block_give(&handle->loop->blocks, handle, sizeof *handle);
}

void handle_call(struct eddy_handle *handle)
{
    void (*function)(void *) = handle->function;
    void *argument = handle->argument;
    struct context_value *before = context_enter(context_ref(handle->context));
    if (!handle->embedded)
        handle_free(handle);
    if (function)
        function(argument);
    context_unref(context_enter(before));
}

eddy_handle *(eddy_call_soon)(void (*function)(void *), void *argument)
{
    struct eddy_handle *handle = handle_new(function, argument);
    if (handle)
        loop_add_ready(handle->loop, &handle->ready);
    return handle;
}

static void due(struct timer *timer)
{
    struct eddy_handle *handle = (struct eddy_handle *)(void *)((char *)timer - offsetof(struct eddy_handle, timer));
    loop_add_due(handle->loop, &handle->ready);
}

/* `now` comes from the caller: a reading of the clock is half of what a timer costs, so there is one. */
static eddy_handle *call_at(int64_t when, int64_t now, void (*function)(void *), void *argument)
{
    struct eddy_handle *handle = handle_new(function, argument);
    if (!handle)
        return NULL;
    struct eddy_loop *loop = handle->loop;
    if (!timer_set(&loop->timers, &handle->timer, when, due)) {
        handle_free(handle);
        return NULL;
    }
    if (when <= now)
        loop->timer_due = true;
    return handle;
}

eddy_handle *(eddy_call_later)(double seconds, void (*function)(void *), void *argument)
{
    if (!current.loop || seconds != seconds)
        return NULL;
    int64_t span = seconds > 0 ? clock_from_seconds(seconds) : 0;
    int64_t now = driver_now(current.loop->driver);
    return call_at(clock_add(now, span), now, function, argument);
}

eddy_handle *(eddy_call_at)(double when, void (*function)(void *), void *argument)
{
    if (!current.loop || when != when)
        return NULL;
    int64_t now = driver_now(current.loop->driver);
    return call_at(when > 0 ? clock_from_seconds(when) : 0, now, function, argument);
}

void eddy_handle_cancel(eddy_handle *handle)
{
    if (!handle)
        return;
    if (handle->ready.queued) { /* it is freed when its turn comes */
        handle->function = NULL;
        return;
    }
    timer_cancel(&handle->loop->timers, &handle->timer);
    handle_free(handle);
}

/* Called by the loop when it closes: those that still wait are dropped. */
void handles_free(struct eddy_loop *loop)
{
    while (loop->timers.count) {
        struct timer *timer = loop->timers.heap[0].timer;
        timer_cancel(&loop->timers, timer);
        if (timer->fire == due)
            handle_free((struct eddy_handle *)(void *)((char *)timer - offsetof(struct eddy_handle, timer)));
    }
}

/* ---- from other threads ---- */

void loop_post(struct eddy_loop *loop, struct remote_call *call)
{
    call->next = __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&loop->inbox, &call->next, call, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
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
}

/* A call in memory of its own. */
struct posted {
    struct remote_call call;
    void (*function)(void *);
    void *argument;
};

static void make_posted_call(void *argument)
{
    struct posted posted = *(struct posted *)argument;
    memory_free(argument);
    if (!(eddy_call_soon)(posted.function, posted.argument))
        posted.function(posted.argument);
}

int(eddy_call_soon_threadsafe)(eddy_loop *loop, void (*function)(void *), void *argument)
{
    if (!loop)
        loop = current.loop;
    if (!loop)
        loop = loop_only("eddy_call_soon_threadsafe");
    if (!loop)
        return EDDY_NO_LOOP;
    struct posted *posted = memory_alloc(sizeof *posted);
    if (!posted)
        return ENOMEM;
    *posted = (struct posted){{NULL, make_posted_call, posted}, function, argument};
    loop_post(loop, &posted->call);
    return 0;
}
