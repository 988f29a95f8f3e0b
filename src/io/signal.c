/* SPDX-License-Identifier: MIT */
/*
 * signal.c - signals for loops: eddy_add_signal_handler, eddy_signals.
 *
 * Both are subscriptions. The signal handler, on any thread, posts a subscription to its loop, which delivers it.
 * Invariant: a subscription is freed only while it is not posted; the signal handler changes nothing but `posted`.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <eddy.h>
#include <signal.h>
#include <string.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/turn.h"
#include "os/memory.h"
#include "os/signals.h"

struct subscription {
    struct loop_closer closer;
    struct signal_watch watch;
    struct remote_call call;
    struct eddy_loop *loop;
    bool posted;                  /* atomic: `call` is on its way */
    bool ended;                   /* freed as soon as both that call and the call of its handler are over */
    struct receiver *receiver;    /* for eddy_signals, which reads from it; NULL: a handler */
    struct loop_call handler;     /* its call */
    void (*function)(void *);
    void *argument;
};

/* Signals that one eddy_signals has received and not yielded yet, in order; each number once. */
struct receiver {
    struct subscription *subscriptions[64];
    size_t count;
    int queue[64];
    size_t queued;
    eddy_event arrived;
};

/* ==== subscriptions ==== */

static struct subscription *subscription_of(struct signal_watch *watch)
{
    return container_of(watch, struct subscription, watch);
}

/* Called in the signal handler. */
static void arrived(struct signal_watch *watch)
{
    struct subscription *s = subscription_of(watch);
    if (!__atomic_exchange_n(&s->posted, true, __ATOMIC_ACQ_REL))
        loop_post(s->loop, &s->call);
}

static void free_if_over(struct subscription *s)
{
    if (!s->ended || __atomic_load_n(&s->posted, __ATOMIC_ACQUIRE) || s->handler.ready.queued)
        return;
    if (!s->receiver)
        call_free(&s->handler);
    memory_free(s);
}

static void receive(struct receiver *receiver, int number)
{
    for (size_t i = 0; i < receiver->queued; i++)
        if (receiver->queue[i] == number)
            return;
    EDDY_INVARIANT(receiver->queued < sizeof receiver->queue / sizeof *receiver->queue);
    receiver->queue[receiver->queued++] = number;
    eddy_event_set(&receiver->arrived);
}

static void deliver(void *argument)
{
    struct subscription *s = argument;
    __atomic_store_n(&s->posted, false, __ATOMIC_RELEASE);
    if (s->ended)
        free_if_over(s);
    else if (s->receiver)
        receive(s->receiver, s->watch.number);
    else if (!s->handler.ready.queued)
        sched_add(&s->loop->ready, &s->handler.ready);
}

static void end(struct subscription *s)
{
    signal_watch_remove(&s->watch);
    list_remove(&s->loop->closers, &s->closer.link);
    s->ended = true;
    free_if_over(s);
}

/* Called when the loop ends. */
static void close_subscription(struct loop_closer *closer)
{
    struct subscription *s = container_of(closer, struct subscription, closer);
    struct eddy_loop *loop = s->loop;
    signal_watch_remove(&s->watch);
    bool posted = __atomic_load_n(&s->posted, __ATOMIC_ACQUIRE);
    end(s);
    if (posted)
        loop_drain_inbox(loop);
}

/* Returns 0 or an errno value. */
static int subscribe(struct eddy_loop *loop, struct subscription *s, int number)
{
    s->loop = loop;
    s->call = (struct remote_call){.function = deliver, .argument = s};
    s->watch = (struct signal_watch){.number = number, .arrived = arrived};
    s->closer.close = close_subscription;
    int error = signal_watch_add(&s->watch);
    if (!error)
        list_add_first(&loop->closers, &s->closer.link);
    return error;
}

/* ==== handlers ==== */

static struct subscription *find(struct eddy_loop *loop, int number)
{
    if (!loop)
        return NULL;
    LIST_EACH(struct subscription, s, &loop->closers, closer.link)
        if (s->closer.close == close_subscription && !s->receiver && s->watch.number == number)
            return s;
    return NULL;
}

static void make_call(void *argument)
{
    struct subscription *s = argument;
    s->handler.ready.queued = false; /* a loop that closes does not clear it */
    if (s->ended)
        free_if_over(s);
    else
        s->function(s->argument);
}

int(eddy_add_signal_handler)(int number, void (*function)(void *), void *argument)
{
    if (!current.loop)
        return EDDY_NO_LOOP;
    struct subscription *s = find(current.loop, number);
    int error = 0;
    if (!s) {
        s = memory_alloc_zeroed(sizeof *s);
        if (!s)
            return ENOMEM;
        call_init(&s->handler, make_call, s);
        error = subscribe(current.loop, s, number);
    }
    s->function = function;
    s->argument = argument;
    if (error) {
        call_free(&s->handler);
        memory_free(s);
    }
    return error;
}

bool eddy_remove_signal_handler(int number)
{
    struct subscription *s = find(current.loop, number);
    if (s)
        end(s);
    return s != NULL;
}

/* ==== the generator ==== */

static void stop_receiving(struct receiver *receiver)
{
    while (receiver->count)
        end(receiver->subscriptions[--receiver->count]);
}

static int start_receiving(struct receiver *receiver, int number)
{
    struct subscription *s = memory_alloc_zeroed(sizeof *s);
    if (!s)
        return ENOMEM;
    s->receiver = receiver;
    int error = subscribe(current.loop, s, number);
    if (error)
        memory_free(s);
    else
        receiver->subscriptions[receiver->count++] = s;
    return error;
}

static int take_first(struct receiver *receiver)
{
    int number = receiver->queue[0];
    memmove(receiver->queue, receiver->queue + 1, --receiver->queued * sizeof receiver->queue[0]);
    return number;
}

eddy_async_generator(int, receive_signals, (uint64_t, set))
{
    TURN_IF_DUE();
    struct receiver receiver = {.count = 0, .arrived = EDDY_EVENT_INIT};
    eddy_defer(stop_receiving, &receiver);
    int error = set ? 0 : EINVAL;
    for (int number = 1; number <= 64 && !error; number++)
        if (set & (uint64_t)1 << (number - 1))
            error = start_receiving(&receiver, number);
    TURN_IF(error);
    if (error)
        eddy_raise(error, "eddy_signals");
    for (;;) {
        while (!receiver.queued) {
            eddy_event_clear(&receiver.arrived);
            eddy_await(eddy_event_wait(&receiver.arrived));
        }
        eddy_yield(take_first(&receiver));
    }
}

_Static_assert(sizeof(struct eddy_signals) == sizeof(struct receive_signals) &&
                   offsetof(struct eddy_signals, value) == offsetof(struct receive_signals, value) &&
                   offsetof(struct eddy_signals, args) == offsetof(struct receive_signals, args),
               "the public struct is the generator's own");

#undef eddy_signals /* the macro that counts */
struct eddy_signals eddy_signals(const int *numbers, size_t count)
{
    uint64_t set = 0;
    bool valid = true;
    for (size_t i = 0; i < count; i++) {
        valid &= numbers[i] >= 1 && numbers[i] <= 64;
        set |= valid ? (uint64_t)1 << (numbers[i] - 1) : 0;
    }
    struct receive_signals inner = receive_signals(valid ? set : 0);
    struct eddy_signals outer;
    memcpy(&outer, &inner, sizeof outer);
    return outer;
}
