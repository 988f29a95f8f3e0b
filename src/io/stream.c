/* SPDX-License-Identifier: MIT */
/* stream.c - the life of a stream, its deadline, and facts about it. Reading and writing are in other files. */
#define EDDY_LIBRARY
#include "io/stream.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/socket.h"
#include "os/memory.h"

/* ==== life ==== */

static struct eddy_stream *fill(struct eddy_stream *s, struct transport *t)
{
    s->loop = t->loop;
    s->transport = t;
    s->references = 1;
    s->limit = EDDY_STREAM_LIMIT;
    return s;
}

struct eddy_stream *stream_new(struct transport *t)
{
    struct eddy_stream *s = memory_alloc_zeroed(sizeof *s);
    return s ? fill(s, t) : NULL;
}

/* The stream and its transport are one block of memory. */
struct eddy_stream *stream_of_socket(struct eddy_loop *loop, int fd, bool is_unix, const char *peer)
{
    struct eddy_stream *s = memory_alloc_zeroed(sizeof *s + socket_transport_size);
    if (!s)
        return NULL;
    fill(s, socket_transport_in(s + 1, loop, fd, is_unix));
    if (peer)
        s->peer = memory_copy_string(peer); /* without memory the socket is asked for it when needed */
    return s;
}

void stream_free_what_is_over(struct eddy_stream *s)
{
    if (s->reader || s->writer)
        return;
    if (s->closed && s->transport) {
        if (s->cut)
            transport_reset(s->transport);
        timer_cancel(&s->loop->timers, &s->deadline);
        stream_drop_input(s);
        transport_close(s->transport);
        s->transport = NULL;
    }
    if (s->references == 0) {
        memory_free(s->peer);
        memory_free(s);
    }
}

/* Wakes the reader and the writer, and cancels their operations. */
static void interrupt(struct eddy_stream *s)
{
    transport_stop(s->transport, true);
    if (s->reader && s->reader != current.task)
        task_interrupt(s->reader);
    if (s->writer && s->writer != current.task)
        task_interrupt(s->writer);
}

void stream_close(struct eddy_stream *s)
{
    if (!s->closed) {
        s->closed = true;
        interrupt(s);
    }
    stream_settle(s);
}

void stream_unref(struct eddy_stream *s)
{
    EDDY_INVARIANT(s->references > 0);
    s->references--;
    stream_settle(s);
}

static bool check_ours(const struct eddy_stream *s, const char *call)
{
    return loop_check_ours(s->loop, call, "stream");
}

void eddy_stream_abort(eddy_stream *s)
{
    if (!s || !check_ours(s, "eddy_stream_abort"))
        return;
    stream_close(s);
    if (!s->connection.server) /* the server drops its reference when the handler has ended */
        stream_unref(s);
}

/* In the first turn the loop sees the end of the connection, in the second the handler at the other end runs. */
static void let_end_arrive(struct eddy_loop **served)
{
    for (int turn = 0; current.task && *served && (*served)->serving && turn < 2; turn++)
        task_give_way(current.task);
}

/*
 * A write returns when the peer's side has all bytes, so closing waits only for the transport's last words. If the
 * peer may be a server of this loop, its handler has seen the end when the await returns. Handlers, and programs that
 * only connect, do not pay for that.
 */
eddy_async_define(void, eddy_stream_close, (eddy_stream *, s))
{
    if (!s)
        return;
    if (s->loop != current.loop)
        eddy_raise(EDDY_WRONG_LOOP, "eddy_stream_close");
    struct eddy_loop *served = s->connection.server ? NULL : s->loop;
    eddy_defer(let_end_arrive, &served);
    eddy_defer(eddy_stream_abort, s);
    if (s->closed || s->cut || !s->transport->type->finish || stream_enter(s, &s->writer) != 0)
        return;
    eddy_defer(stream_leave_writer, s);
    struct release releasing = release_begin();
    eddy_defer(release_end, &releasing);
    eddy_await(transport_finish(s->transport));
}

/* ==== one reader, one writer ==== */

static int refusal(const struct eddy_stream *s, const struct task *user)
{
    if (!current.task)
        return EDDY_NO_TASK;
    if (s->loop != current.loop)
        return EDDY_WRONG_LOOP;
    if (s->closed)
        return EDDY_STREAM_CLOSED;
    if (s->late)
        return ETIMEDOUT;
    return user ? EDDY_STREAM_BUSY : 0;
}

int stream_enter_otherwise(struct eddy_stream *s, struct task **user)
{
    int error = refusal(s, *user);
    if (!error)
        *user = current.task;
    else if (current.task)
        task_note_at_once(current.task); /* a loop that ignores the errors can be cancelled, too */
    return error;
}

static bool means_gone(int64_t result)
{
    return result == -ECONNRESET || result == -EPIPE || result == -EDDY_TLS_TRUNCATED || result == -ETIMEDOUT ||
           result == -ECONNABORTED || result == -EHOSTUNREACH || result == -ENETUNREACH;
}

int stream_error(struct eddy_stream *s, int64_t result)
{
    if (s->closed)
        return EDDY_STREAM_CLOSED;
    if (result == -ECANCELED && s->late)
        return ETIMEDOUT;
    if (means_gone(result))
        s->gone = (int)-result;
    if (result > 0)
        s->used = true;
    return result < 0 ? (int)-result : 0;
}

/* ==== the end of an idle stream ==== */

static bool is_idle(const struct eddy_stream *s)
{
    return s->begin == s->end && !s->halfway && (s->idle || !s->used);
}

void stream_drain(struct eddy_stream *s, bool young)
{
    if (young && !s->idle)
        return;
    s->draining = true;
    if (s->waits && s->reader && is_idle(s))
        task_interrupt(s->reader);
}

void stream_note_drained(struct eddy_stream *s)
{
    if (is_idle(s))
        s->at_end = true;
}

int64_t stream_end_wait_otherwise(struct eddy_stream *s, int64_t result)
{
    bool drained = result == -ECANCELED && s->draining && !s->closed && !s->late;
    int error = drained ? 0 : stream_error(s, result);
    s->waits = false;
    if (error)
        return -error;
    s->at_end = drained || result == 0;
    return drained ? 0 : result;
}

void eddy_stream_set_idle(eddy_stream *s, bool idle)
{
    s->idle = idle;
    if (s->draining)
        stream_drain(s, false);
}

/* ==== the deadline ==== */

static void expire(struct timer *timer)
{
    struct eddy_stream *s = container_of(timer, struct eddy_stream, deadline);
    s->late = true;
    interrupt(s);
}

void eddy_stream_set_deadline(eddy_stream *s, double when)
{
    if (s->closed || !check_ours(s, "eddy_stream_set_deadline"))
        return;
    struct timers *timers = &s->loop->timers;
    timer_cancel(timers, &s->deadline);
    s->late = false;
    transport_stop(s->transport, false);
    if (when != when || when == INFINITY)
        return;
    int64_t at = scope_nanoseconds(when);
    if (at <= driver_now(s->loop->driver) || !timer_set(timers, &s->deadline, at, expire))
        expire(&s->deadline); /* without memory: no deadline at all would be worse than an immediate one */
}

/* ==== facts ==== */

/* After a reset the kernel does not know the peer any more, so it is not asked. */
static void format_peer(const struct eddy_stream *s, char *name, size_t size)
{
    static const char before[] = "a peer of ";
    if (s->gone != ECONNRESET || s->closed || !s->connection.at) {
        s->transport->type->format_name(s->transport, true, name, size);
        return;
    }
    memcpy(name, before, sizeof before);
    eddy_address_format(s->connection.at, name + sizeof before - 1, size - (sizeof before - 1));
}

const char *stream_peer(struct eddy_stream *s)
{
    char name[128];
    if (s->peer)
        return s->peer;
    if (!s->transport)
        return "closed";
    format_peer(s, name, sizeof name);
    s->peer = memory_copy_string(name);
    return s->peer ? s->peer : "a peer";
}

void eddy_stream_set_limit(eddy_stream *s, size_t limit)
{
    s->limit = limit ? limit : 1;
    s->too_long = false; /* it may fit now */
}

int eddy_stream_descriptor(const eddy_stream *s)
{
    return s->closed ? -1 : s->transport->type->descriptor(s->transport);
}

size_t eddy_stream_peer_name(const eddy_stream *s, char *buffer, size_t size)
{
    int length = snprintf(buffer, size, "%s", stream_peer((eddy_stream *)(uintptr_t)s));
    return length < 0 ? 0 : (size_t)length;
}

size_t eddy_stream_own_name(const eddy_stream *s, char *buffer, size_t size)
{
    if (s->transport)
        return s->transport->type->format_name(s->transport, false, buffer, size);
    return (size_t)snprintf(buffer, size, "closed");
}

bool eddy_stream_at_end(const eddy_stream *s)
{
    return s->at_end && s->begin == s->end;
}

size_t eddy_stream_sent(const eddy_stream *s)
{
    return s->sent;
}

void eddy_stream_continue(eddy_stream *s)
{
    s->cut = false;
}

eddy_slice eddy_stream_partial(const eddy_stream *s)
{
    return s->partial;
}
