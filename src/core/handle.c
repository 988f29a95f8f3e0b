/* SPDX-License-Identifier: MIT */
/* handle.c - calls that the loop makes: soon, later, at a given time; and cancelling them. */
#include "core/call.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/loop.h"
#include "core/sched.h"
#include "core/wrong_loop.h"
#include "os/clock.h"
#include "os/memory.h"

static inline struct loop_call *take(struct calls *calls)
{
    if (memory_fault() || (!calls->free && !calls_grow(calls)))
        return NULL;
    struct loop_call *call = calls->free;
    calls->free = (struct loop_call *)call->ready.next;
    calls->used++;
    return call;
}

static inline uintptr_t next_name(struct calls *calls, const struct loop_call *call)
{
    if (calls->serial == calls->last_serial)
        calls_reserve_serials(calls);
    return calls->serial++ << CALL_PLACE_BITS | call_place(call);
}

/* Most tasks have no variables. */
static inline struct context_value *variables(void)
{
    return current.task && !current.task->context ? NULL : context_current();
}

static inline void fill(struct loop_call *call, void (*function)(void *), void *argument)
{
    call->ready = (struct ready){.begin = call_begin, .on_loop = true};
    call->function = function;
    call->argument = argument;
    call->context = variables();
}

static inline struct loop_call *new_call(struct eddy_loop *loop, void (*function)(void *), void *argument)
{
    struct loop_call *call = take(&loop->calls);
    if (!call)
        return NULL;
    fill(call, function, argument);
    call->name = next_name(&loop->calls, call);
    return call;
}

struct loop_call *call_new(void (*function)(void *), void *argument)
{
    return current.loop ? new_call(current.loop, function, argument) : NULL;
}

void call_init(struct loop_call *call, void (*function)(void *), void *argument)
{
    call->name = 0;
    fill(call, function, argument);
}

static inline void free_call(struct calls *calls, struct loop_call *call)
{
    if (call->context)
        context_unref(call->context);
    if (call_is_embedded(call))
        return;
    call->name = call_place(call);
    call->ready.next = (struct ready *)calls->free;
    calls->free = call;
    calls->used--;
}

void call_free(struct loop_call *call)
{
    if (call)
        free_call(&current.loop->calls, call);
}

struct task *call_begin(struct ready *ready)
{
    struct loop_call *call = container_of(ready, struct loop_call, ready);
    void (*function)(void *) = call->function;
    void *argument = call->argument;
    struct context_value *before = context_enter(context_ref(call->context));
    if (!call_is_embedded(call))
        call_free(call);
    if (function)
        function(argument);
    context_unref(context_enter(before));
    return NULL;
}

static eddy_handle *handle_of(const struct loop_call *call)
{
    return call ? (eddy_handle *)call->name : NULL;
}

/* False, and reported: no loop runs on this thread. */
static bool has_loop(const char *call)
{
    if (__builtin_expect(current.loop != NULL, 1))
        return true;
    wrong_loop_say("%s on a thread that runs no loop gives NULL, and nothing will be called. From another thread: "
                   "eddy_call_soon_threadsafe(loop, function, argument)",
                   call);
    return false;
}

eddy_handle *(eddy_call_soon)(void (*function)(void *), void *argument)
{
    if (!has_loop("eddy_call_soon"))
        return NULL;
    struct loop_call *call = call_new(function, argument);
    if (call)
        sched_add(&current.loop->ready, &call->ready);
    return handle_of(call);
}

static struct loop_call *call_of_timer(struct timer *timer)
{
    return container_of(timer, struct loop_call, timer);
}

/* The timer has lain where the link's first members are. */
static void due(struct timer *timer)
{
    struct loop_call *call = call_of_timer(timer);
    call->ready.begin = call_begin;
    sched_add_due(&current.loop->ready, &call->ready);
}

/* `now` comes from the caller: reading the clock is half the cost of a timer, so it is read once. */
static inline eddy_handle *call_at(int64_t when, int64_t now, void (*function)(void *), void *argument)
{
    struct eddy_loop *loop = current.loop;
    struct loop_call *call = new_call(loop, function, argument);
    if (!call)
        return NULL;
    if (!timer_set(&loop->timers, &call->timer, when, due)) {
        call_free(call);
        return NULL;
    }
    if (when <= now)
        loop->timer_due = true;
    return handle_of(call);
}

eddy_handle *(eddy_call_later)(double seconds, void (*function)(void *), void *argument)
{
    if (!has_loop("eddy_call_later") || seconds != seconds)
        return NULL;
    int64_t span = seconds > 0 ? clock_from_seconds(seconds) : 0;
    int64_t now = driver_now(current.loop->driver);
    return call_at(clock_add(now, span), now, function, argument);
}

eddy_handle *(eddy_call_at)(double when, void (*function)(void *), void *argument)
{
    if (!has_loop("eddy_call_at") || when != when)
        return NULL;
    int64_t now = driver_now(current.loop->driver);
    return call_at(when > 0 ? clock_from_seconds(when) : 0, now, function, argument);
}

void eddy_handle_cancel(eddy_handle *handle)
{
    struct eddy_loop *loop = current.loop;
    struct loop_call *call = loop ? call_find(&loop->calls, (uintptr_t)handle) : NULL;
    if (!loop && handle && loops_run())
        wrong_loop_say("eddy_handle_cancel on a thread that runs no loop does nothing: call it on the loop's, by "
                       "eddy_call_soon_threadsafe(loop, eddy_handle_cancel, handle)");
    if (!call)
        return;
    if (call->ready.queued) { /* it is freed when its turn comes */
        call->function = NULL;
        return;
    }
    timer_cancel(&loop->timers, &call->timer);
    free_call(&loop->calls, call);
}

/* Called by the loop when it closes: remaining calls are dropped. */
void handles_free(struct eddy_loop *loop)
{
    for (struct timer *timer; (timer = timers_first(&loop->timers));) {
        timer_cancel(&loop->timers, timer);
        if (timer->fire == due)
            call_free(call_of_timer(timer));
    }
}
