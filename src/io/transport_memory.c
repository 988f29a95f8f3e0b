/* SPDX-License-Identifier: MIT */
/*
 * transport_memory.c - two ends in one process, which are connected to each other.
 *
 * Invariant: a direction is freed by the last of its two users. Sent bytes lie in its buffer until they are
 * received, which takes the buffer without a copy. Sending waits while the buffer is full, as on a socket, and in a
 * simulation for the weather.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/transport.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/net.h"

enum { WAY_ROOM = 65536 };

/* One direction: from one end to the other. */
struct way {
    char *data;          /* NULL: no bytes are in flight */
    size_t size, room;
    bool ended;          /* no more bytes will be sent */
    bool broken;         /* the sender was closed in the middle of a message */
    bool deserted;       /* the other end is closed: nothing is received any more */
    int users;           /* of its two */
    struct eddy_waiters receiver, sender;
};

struct memory_transport {
    struct transport transport;
    struct way *in, *out;
};

static struct memory_transport *end_of(const struct transport *t)
{
    return (struct memory_transport *)(uintptr_t)t;
}

/* ==== waiting ==== */

struct way_wait {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct eddy_waiters *waiters;
};

static void start_waiting(struct eddy_awaitable *a)
{
    waiters_add(((struct way_wait *)(void *)a)->waiters, a);
}

static const struct eddy_awaitable_type wait_type = {
    .name = "a stream in memory", .start = start_waiting, .cancel = waiters_cancel, .kind = EDDY_IO};

/* A wait of the operation has ended. False: by a cancellation, and so does the operation. */
static bool goes_on(struct transport_op *op, struct eddy_failure *failure)
{
    op->awaitable.awaitable.failure = failure;
    if (op->transport->stopped)
        op->result = -ECANCELED;
    return !failure && !op->transport->stopped;
}

/* False: the wait failed, by a cancellation, and so does the operation. */
static bool wait_in(struct transport_op *op, struct eddy_waiters *waiters)
{
    struct way_wait wait = {ED_HEADER(wait_type), .waiters = waiters};
    eddy_run_generic(&wait.awaitable);
    return goes_on(op, wait.awaitable.awaitable.failure);
}

/* *room: bytes that may be sent at once.  False: it was cancelled. */
static bool wait_for_weather(struct transport_op *op, size_t *room)
{
    int64_t wait = net_hold_up(op->transport->loop->driver, room);
    if (wait < 0)
        return true;
    struct eddy_sleep sleep = eddy_sleep((double)wait / (double)CLOCK_SECOND);
    return goes_on(op, eddy_run_here(&sleep.awaitable));
}

/* ==== the operations ==== */

static void receive(struct transport_op *op)
{
    struct way *way = end_of(op->transport)->in;
    while (way->size == 0 && !way->ended)
        if (!wait_in(op, &way->receiver))
            return;
    task_note_at_once(current.task);
    op->result = (int64_t)way->size;
    if (way->size == 0 && way->broken)
        op->result = -ECONNRESET;
    if (way->size == 0)
        return;
    *op->u.chunk = (struct chunk){.data = way->data};
    way->data = NULL;
    way->size = way->room = 0;
    waiters_wake_first(&way->sender);
}

static void give_back(struct transport *t, struct chunk *chunk)
{
    (void)t;
    memory_free(chunk->data);
}

static bool grow(struct way *way, size_t size)
{
    size_t room = way->room ? way->room : 1024;
    while (room < size)
        room *= 2;
    if (room <= way->room)
        return true;
    char *data = memory_grow(way->data, room);
    if (data) {
        way->data = data;
        way->room = room;
    }
    return data;
}

/* Copies bytes until the direction holds `end` of them. Returns their number, or a negative code. */
static int64_t put(struct way *way, const struct iovec *parts, int count, size_t end)
{
    size_t before = way->size;
    for (int i = 0; i < count && way->size < end; i++) {
        size_t size = end - way->size;
        if (size > parts[i].iov_len)
            size = parts[i].iov_len;
        if (size && !grow(way, way->size + size))
            return way->size > before ? (int64_t)(way->size - before) : -ENOMEM;
        if (size)
            memcpy(way->data + way->size, parts[i].iov_base, size);
        way->size += size;
    }
    EDDY_INVARIANT(way->size <= WAY_ROOM && way->size <= way->room);
    return (int64_t)(way->size - before);
}

static size_t size_of(const struct iovec *parts, int count)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

static void send_bytes(struct transport_op *op)
{
    struct way *way = end_of(op->transport)->out;
    size_t most = size_of(op->u.bytes.parts, op->u.bytes.count);
    if (!wait_for_weather(op, &most))
        return;
    while (way->size == WAY_ROOM && !way->deserted)
        if (!wait_in(op, &way->sender))
            return;
    task_note_at_once(current.task);
    size_t end = most < WAY_ROOM - way->size ? way->size + most : WAY_ROOM;
    op->result = way->deserted || way->ended ? -EPIPE : put(way, op->u.bytes.parts, op->u.bytes.count, end);
    if (op->result > 0)
        waiters_wake_first(&way->receiver);
}

static void end_way(struct way *way)
{
    way->ended = true;
    waiters_wake_first(&way->receiver);
}

static void send_end(struct transport_op *op)
{
    end_way(end_of(op->transport)->out);
}

/* ==== life ==== */

static void leave(struct way *way)
{
    if (--way->users > 0)
        return;
    memory_free(way->data);
    memory_free(way);
}

static void close_end(struct transport *t)
{
    struct memory_transport *end = end_of(t);
    end->in->deserted = true;
    waiters_wake_first(&end->in->sender);
    leave(end->in);
    end->out->broken = t->reset;
    end_way(end->out);
    leave(end->out);
    memory_free(end);
}

static int descriptor(const struct transport *t)
{
    (void)t;
    return -1;
}

static size_t format_name(struct transport *t, bool peer, char *buffer, size_t size)
{
    (void)t;
    int length = snprintf(buffer, size, peer ? "the other end in memory" : "an end in memory");
    return length < 0 ? 0 : (size_t)length;
}

static const struct transport_type memory_transport_type = {
    .name = "memory",
    .receive = receive,
    .give_back = give_back,
    .send = send_bytes,
    .send_end = send_end,
    .close = close_end,
    .descriptor = descriptor,
    .format_name = format_name,
};

bool memory_transports(struct eddy_loop *loop, struct transport *ends[2])
{
    struct way *ways[2] = {memory_alloc_zeroed(sizeof *ways[0]), memory_alloc_zeroed(sizeof *ways[0])};
    struct memory_transport *made[2] = {memory_alloc_zeroed(sizeof *made[0]), memory_alloc_zeroed(sizeof *made[0])};
    if (!ways[0] || !ways[1] || !made[0] || !made[1]) {
        for (int i = 0; i < 2; i++) {
            memory_free(ways[i]);
            memory_free(made[i]);
        }
        return false;
    }
    for (int i = 0; i < 2; i++) {
        *made[i] = (struct memory_transport){{.type = &memory_transport_type, .loop = loop}, ways[i], ways[!i]};
        ways[i]->users = 2;
        ends[i] = &made[i]->transport;
    }
    return true;
}
