/* SPDX-License-Identifier: MIT */
/*
 * channel.c - a bounded queue between loops and threads.
 *
 * Invariants, under the mutex: items are only in the ring, never handed over directly, so that no thread touches
 * another one's stack; a getter waits only while the ring is empty, a putter only while it is full, and neither once
 * the channel is closed. Whoever is woken looks again, and may have to wait again: another one may have been faster.
 */
#define _GNU_SOURCE /* pthread_condattr_setclock */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "core/impl.h"
#include "eddy/channel.h"
#include "eddy/macros.h"
#include "os/clock.h"
#include "os/memory.h"

struct channel {
    pthread_mutex_t mutex;     /* guards what follows */
    struct list getters;       /* of struct crossing: tasks and threads that wait for an item */
    struct list putters;       /* ... for room */
    unsigned senders;          /* handles that may put */
    unsigned receivers;        /* handles that may get */
    size_t references;         /* handles, and operations that wait or have been woken */
    bool closed;               /* nothing more is put in */
    size_t item_size, size;    /* the ring has room for `size` items */
    size_t first, count;       /* the item that comes out next, the number of items */
    _Alignas(16) char items[];
};

/* A thread that waits. */
struct sleeper {
    struct crossing crossing;
    pthread_cond_t woken;
};

enum outcome { DONE, WAITS, CLOSED };

/* ==== the ring, and those who wait ==== */

static char *slot(struct channel *channel, size_t i)
{
    return channel->items + (channel->first + i) % channel->size * channel->item_size;
}

/* Takes out the one that came first. A thread is woken at once; a task is returned, for wake. */
static struct crossing *take_first(struct list *list)
{
    struct list_link *link = list_take_first(list);
    struct crossing *crossing = link ? container_of(link, struct crossing, link) : NULL;
    if (!crossing)
        return NULL;
    crossing->list = NULL;
    if (crossing->call.function)
        return crossing;
    pthread_cond_signal(&container_of(crossing, struct sleeper, crossing)->woken);
    return NULL;
}

/* *next: one to be woken after the mutex has been released. */
static enum outcome put(struct channel *channel, void *item, struct crossing **next)
{
    if (channel->closed)
        return CLOSED;
    if (channel->count == channel->size)
        return WAITS;
    memcpy(slot(channel, channel->count++), item, channel->item_size);
    *next = take_first(&channel->getters);
    return DONE;
}

static enum outcome get(struct channel *channel, void *item, struct crossing **next)
{
    if (channel->count == 0)
        return channel->closed ? CLOSED : WAITS;
    memcpy(item, slot(channel, 0), channel->item_size);
    channel->first = (channel->first + 1) % channel->size;
    channel->count--;
    *next = take_first(&channel->putters);
    return DONE;
}

static void enlist(struct list *list, struct crossing *crossing)
{
    crossing->list = list;
    list_add_last(list, &crossing->link);
}

/* On the loop of the task. */
static void arrived(void *argument)
{
    struct task *task = argument;
    task->loop->driver->in_flight--;
    native_complete_well(task);
}

static void wake(struct crossing *crossing)
{
    if (!crossing)
        return;
    struct task *task = container_of(crossing, struct task, wait.crossing);
    if (task->loop == current.loop)
        arrived(task);
    else
        loop_post(task->loop, &crossing->call);
}

/* Called with the mutex, which it releases. The last reference frees the channel. */
static void release(struct channel *channel, bool gives_up)
{
    EDDY_INVARIANT(channel->references > 0);
    bool last = gives_up && --channel->references == 0;
    EDDY_INVARIANT(!last || (list_is_empty(&channel->getters) && list_is_empty(&channel->putters)));
    pthread_mutex_unlock(&channel->mutex);
    if (!last)
        return;
    pthread_mutex_destroy(&channel->mutex);
    memory_free(channel);
}

/* Called without the mutex. Those who are woken may free the handle that it was called for, so it has a reference. */
static void close_channel(struct channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    channel->references++;
    channel->closed = true;
    for (struct crossing *next; !list_is_empty(&channel->getters) || !list_is_empty(&channel->putters);) {
        next = take_first(list_is_empty(&channel->getters) ? &channel->putters : &channel->getters);
        pthread_mutex_unlock(&channel->mutex);
        wake(next);
        pthread_mutex_lock(&channel->mutex);
    }
    release(channel, true);
}

/* ==== as operations of tasks ==== */

struct direction {
    const char *name;                 /* of the call */
    unsigned half;                    /* that the handle must have */
    enum outcome (*attempt)(struct channel *channel, void *item, struct crossing **next);
    size_t list;                      /* offset of the list of those who wait */
};

static const struct direction getting = {"eddy_channel_get", EDDY_CHANNEL_RECEIVES, get,
                                         offsetof(struct channel, getters)};
static const struct direction putting = {"eddy_channel_put", EDDY_CHANNEL_SENDS, put,
                                         offsetof(struct channel, putters)};

static struct list *list_of(struct channel *channel, const struct direction *direction)
{
    return (struct list *)(void *)((char *)channel + direction->list);
}

static struct eddy_channel_op *op_of(struct eddy_awaitable *a)
{
    return (struct eddy_channel_op *)(void *)a;
}

static const struct direction *direction_of(const struct eddy_awaitable *a)
{
    return a->awaitable.type == &eddy_channel_get_type ? &getting : &putting;
}

/* NULL: the handle may be used for it. */
static struct eddy_failure *refusal(const struct eddy_channel *handle, const struct direction *direction)
{
    if (!handle->shared)
        return failure_of(EINVAL, "%s: the channel was not initialised, or was freed", direction->name);
    if (!(handle->halves & direction->half))
        return failure_of(EINVAL, "%s: this handle is the other half of the channel", direction->name);
    return NULL;
}

static struct eddy_failure *closed(const struct direction *direction)
{
    return failure_of(EDDY_QUEUE_SHUT_DOWN, "%s: the channel is closed", direction->name);
}

/* Tries, or waits. */
static enum outcome attempt(struct eddy_awaitable *a, const struct direction *direction)
{
    struct eddy_channel_op *op = op_of(a);
    struct channel *channel = op->shared;
    struct crossing *next = NULL;
    pthread_mutex_lock(&channel->mutex);
    enum outcome outcome = direction->attempt(channel, (char *)a + op->item_offset, &next);
    bool gives_up = op->counted && outcome != WAITS;
    if (outcome == WAITS) {
        struct task *task = owner_of(a);
        channel->references += !op->counted;
        op->counted = true;
        task->loop->driver->in_flight++; /* the loop must look for the call that wakes it */
        task->wait.crossing.call = (struct remote_call){.function = arrived, .argument = task};
        enlist(list_of(channel, direction), &task->wait.crossing);
    }
    release(channel, gives_up);
    wake(next);
    op->counted &= !gives_up;
    return outcome;
}

static void start(struct eddy_awaitable *a)
{
    const struct direction *direction = direction_of(a);
    struct eddy_channel_op *op = op_of(a);
    struct eddy_failure *failure = refusal(op->handle, direction);
    op->done = op->counted = false;
    op->shared = op->handle->shared;
    enum outcome outcome = failure ? DONE : attempt(a, direction);
    if (outcome == WAITS)
        return;
    op->done = true;
    native_complete(a, outcome == CLOSED ? closed(direction) : failure);
}

/* It was woken, since there was an item or room. */
static void finish(struct eddy_awaitable *a)
{
    if (op_of(a)->done)
        return;
    enum outcome outcome = attempt(a, direction_of(a));
    if (outcome == WAITS)
        native_again(a);
    else if (outcome == CLOSED)
        a->awaitable.failure = closed(direction_of(a));
}

/* One that was woken meanwhile goes on by itself. */
static void cancel(struct eddy_awaitable *a)
{
    struct channel *channel = op_of(a)->shared;
    struct task *task = owner_of(a);
    struct crossing *crossing = &task->wait.crossing;
    pthread_mutex_lock(&channel->mutex);
    bool waited = crossing->list != NULL;
    if (waited)
        list_remove(crossing->list, &crossing->link);
    crossing->list = NULL;
    release(channel, waited);
    if (!waited)
        return;
    op_of(a)->counted = false;
    task->loop->driver->in_flight--;
    native_complete(a, &failure_cancelled);
}

const struct eddy_awaitable_type eddy_channel_get_type = {
    .name = "eddy_channel_get", .start = start, .cancel = cancel, .finish = finish};
const struct eddy_awaitable_type eddy_channel_put_type = {
    .name = "eddy_channel_put", .start = start, .cancel = cancel, .finish = finish};

/* A step of async_for. */
bool eddy_channel_step(struct eddy_async_generator *generator, void *value)
{
    struct eddy_channel_each *each = (struct eddy_channel_each *)(void *)generator;
    struct eddy_channel_op op = {ED_HEADER(eddy_channel_get_type), .handle = each->handle,
                                 .item_offset = (char *)value - (char *)&op};
    struct eddy_failure *failure = eddy_run_here(&op.awaitable);
    if (!failure)
        return true;
    if (failure->code == EDDY_QUEUE_SHUT_DOWN)
        failure_unref(failure);
    else
        generator->generator.core.failure = failure;
    return false;
}

/* ==== on threads ==== */

/* Returns 0; ETIMEDOUT. The mutex is released while it waits. */
static int sleep_until(struct channel *channel, struct list *list, double seconds, int64_t end)
{
    struct timespec until = {.tv_sec = end / CLOCK_SECOND, .tv_nsec = end % CLOCK_SECOND};
    struct sleeper sleeper = {.crossing = {.list = NULL}};
    int error = 0;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sleeper.woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enlist(list, &sleeper.crossing);
    while (sleeper.crossing.list && !error)
        error = seconds < 0 || seconds >= INFINITY ? pthread_cond_wait(&sleeper.woken, &channel->mutex)
                                                   : pthread_cond_timedwait(&sleeper.woken, &channel->mutex, &until);
    if (sleeper.crossing.list)
        list_remove(list, &sleeper.crossing.link);
    else
        error = 0;
    pthread_cond_destroy(&sleeper.woken);
    return error;
}

static int code_of_refusal(const struct eddy_channel *handle, const struct direction *direction)
{
    return !handle->shared || !(handle->halves & direction->half) ? EINVAL : 0;
}

/* A thread that runs a loop must not block. */
static int act(struct eddy_channel *handle, const struct direction *direction, void *item, double seconds)
{
    struct channel *channel = handle->shared;
    struct crossing *next = NULL;
    int error = code_of_refusal(handle, direction);
    if (error)
        return error;
    int64_t end = clock_add(clock_monotonic(), seconds > 0 && seconds < INFINITY ? clock_from_seconds(seconds) : 0);
    pthread_mutex_lock(&channel->mutex);
    enum outcome outcome;
    while ((outcome = direction->attempt(channel, item, &next)) == WAITS && !error) {
        error = seconds == 0 ? EAGAIN : current.loop ? EDEADLK : 0;
        if (!error)
            error = sleep_until(channel, list_of(channel, direction), seconds, end);
    }
    pthread_mutex_unlock(&channel->mutex);
    wake(next);
    return outcome == DONE ? 0 : outcome == CLOSED ? EDDY_QUEUE_SHUT_DOWN : error;
}

int eddy_channel_push(struct eddy_channel *handle, const void *item, double seconds)
{
    return act(handle, &putting, (void *)(uintptr_t)item, seconds);
}

int eddy_channel_pull(struct eddy_channel *handle, void *item, double seconds)
{
    return act(handle, &getting, item, seconds);
}

/* ==== handles ==== */

int eddy_channel_setup(struct eddy_channel *handle, size_t item_size, size_t size)
{
    struct channel *channel = NULL;
    size_t bytes;
    *handle = (struct eddy_channel){.halves = EDDY_CHANNEL_SENDS | EDDY_CHANNEL_RECEIVES};
    if (size == 0)
        size = 1;
    if (!__builtin_mul_overflow(size, item_size, &bytes) && !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
        channel = memory_alloc(bytes);
    if (!channel)
        return ENOMEM;
    *channel = (struct channel){.senders = 1, .receivers = 1, .references = 1, .item_size = item_size, .size = size};
    pthread_mutex_init(&channel->mutex, NULL);
    handle->shared = channel;
    return 0;
}

int eddy_channel_share(struct eddy_channel *half, const struct eddy_channel *handle, unsigned halves)
{
    struct channel *channel = handle->shared;
    if (!channel || (handle->halves & halves) != halves) {
        *half = (struct eddy_channel){.halves = 0};
        return EINVAL;
    }
    pthread_mutex_lock(&channel->mutex);
    channel->references++;
    channel->senders += (halves & EDDY_CHANNEL_SENDS) != 0;
    channel->receivers += (halves & EDDY_CHANNEL_RECEIVES) != 0;
    pthread_mutex_unlock(&channel->mutex);
    *half = (struct eddy_channel){channel, halves};
    return 0;
}

void eddy_channel_end(struct eddy_channel *handle)
{
    if (handle->shared)
        close_channel(handle->shared);
}

/* Without a sender nothing more will come; without a receiver nothing more is wanted. */
void eddy_channel_drop(struct eddy_channel *handle)
{
    struct channel *channel = handle->shared;
    if (!channel)
        return;
    handle->shared = NULL;
    pthread_mutex_lock(&channel->mutex);
    channel->senders -= (handle->halves & EDDY_CHANNEL_SENDS) != 0;
    channel->receivers -= (handle->halves & EDDY_CHANNEL_RECEIVES) != 0;
    bool ends = !channel->senders || !channel->receivers;
    pthread_mutex_unlock(&channel->mutex);
    if (ends)
        close_channel(channel);
    pthread_mutex_lock(&channel->mutex);
    release(channel, true);
}

size_t eddy_channel_count(const struct eddy_channel *handle)
{
    struct channel *channel = handle->shared;
    if (!channel)
        return 0;
    pthread_mutex_lock(&channel->mutex);
    size_t count = channel->count;
    pthread_mutex_unlock(&channel->mutex);
    return count;
}
