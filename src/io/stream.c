/* SPDX-License-Identifier: MIT */
/* stream.c - the life of a stream, and writing to it.  Reading is in stream_read.c, the rules in stream.h. */
#define EDDY_LIBRARY
#include "io/stream.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/failure.h"
#include "io/stream_use.h"
#include "os/memory.h"

/* ==== life ==== */

struct eddy_stream *stream_new(struct eddy_loop *loop, int fd, const union address *peer)
{
    struct eddy_stream *s = memory_alloc_zeroed(sizeof *s);
    if (!s)
        return NULL;
    s->loop = loop;
    s->fd = fd;
    s->references = 1;
    s->limit = EDDY_STREAM_LIMIT;
    s->peer = *peer;
    return s;
}

/* What can go now goes. */
static void settle(struct eddy_stream *s)
{
    if (s->reader || s->writer)
        return;
    if (s->closed && s->fd >= 0) {
        socket_close(s->loop, s->fd);
        s->fd = -1;
    }
    if (s->references == 0) {
        memory_free(s->buffer);
        memory_free(s);
    }
}

/* A task that is inside a call waits for nothing but its operation. */
static void wake(struct eddy_stream *s, struct task *task)
{
    if (task && task != current.task)
        driver_cancel(s->loop->driver, &task->wait.op);
}

void stream_close(struct eddy_stream *s)
{
    if (!s->closed) {
        s->closed = true;
        wake(s, s->reader);
        wake(s, s->writer);
    }
    settle(s);
}

void stream_unref(struct eddy_stream *s)
{
    s->references--;
    settle(s);
}

void eddy_stream_abort(eddy_stream *s)
{
    if (!s)
        return;
    stream_close(s);
    if (!s->connection.server) /* the server's reference goes when the handler has ended */
        stream_unref(s);
}

/* Nothing is left to wait for: a write returns when the kernel has taken all. */
eddy_async_define(void, eddy_stream_close, (eddy_stream *, s))
{
    eddy_stream_abort(s);
}

/* ==== one reader, one writer ==== */

int stream_enter(struct eddy_stream *s, struct task **user)
{
    if (s->closed)
        return EDDY_STREAM_CLOSED;
    if (*user)
        return EDDY_STREAM_BUSY;
    *user = current.task;
    return 0;
}

void stream_leave_reader(struct eddy_stream *s)
{
    s->reader = NULL;
    settle(s);
}

static void leave_writer(struct eddy_stream *s)
{
    s->writer = NULL;
    settle(s);
}

int stream_error(const struct eddy_stream *s, int64_t result)
{
    return s->closed ? EDDY_STREAM_CLOSED : (int)-result;
}

struct peer_name stream_peer(const struct eddy_stream *s)
{
    struct peer_name name;
    address_format(&s->peer, name.text, sizeof name.text);
    return name;
}

/* ==== writing ==== */

eddy_async_define(void, eddy_stream_write, (eddy_stream *, s), (const void *, data), (size_t, size))
{
    int error = stream_enter(s, &s->writer);
    if (error)
        eddy_raise(error, "eddy_stream_write(%s)", stream_peer(s).text);
    eddy_defer(leave_writer, s);
    for (size_t sent = 0; sent < size;) {
        int64_t result = eddy_await(socket_send(s->fd, (const char *)data + sent, size - sent, 0));
        if (result < 0 || s->closed)
            eddy_raise(stream_error(s, result), "eddy_stream_write(%s): %zu of %zu bytes were sent",
                       stream_peer(s).text, sent, size);
        sent += (size_t)result;
    }
}

eddy_async_define(void, eddy_stream_write_eof, (eddy_stream *, s))
{
    int error = stream_enter(s, &s->writer);
    if (error)
        eddy_raise(error, "eddy_stream_write_eof(%s)", stream_peer(s).text);
    eddy_defer(leave_writer, s);
    /* ENOTCONN: the peer has reset the connection, which then has no end to send. */
    if (shutdown(s->fd, SHUT_WR) != 0 && errno != ENOTCONN)
        eddy_raise(errno, "eddy_stream_write_eof(%s)", stream_peer(s).text);
}

static void write_formatted(struct eddy_awaitable *a)
{
    struct eddy_stream_printf *self = (struct eddy_stream_printf *)(void *)a;
    if (!self->text) {
        a->awaitable.failure = failure_of(ENOMEM, "eddy_stream_printf: no memory for the text");
        return;
    }
    struct eddy_stream_write inner = eddy_stream_write(self->stream, self->text, self->size);
    a->awaitable.failure = eddy_run_here(&inner.awaitable);
    memory_free(self->text);
    self->text = NULL;
}

static void forget_text(struct eddy_awaitable *a)
{
    memory_free(((struct eddy_stream_printf *)(void *)a)->text);
}

static const struct eddy_awaitable_type printf_type = {.name = "eddy_stream_printf",
                                                       .run = write_formatted,
                                                       .destroy = forget_text,
                                                       .kind = EDDY_COROUTINE,
                                                       .size = sizeof(struct eddy_stream_printf)};

struct eddy_stream_printf eddy_stream_printf(eddy_stream *s, const char *format, ...)
{
    struct eddy_stream_printf self = {ED_HEADER(printf_type), .stream = s};
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0)
        self.text = memory_alloc((size_t)length + 1);
    if (self.text) {
        vsnprintf(self.text, (size_t)length + 1, format, again);
        self.size = (size_t)length;
    }
    va_end(again);
    va_end(arguments);
    return self;
}

/* ==== facts ==== */

void eddy_stream_set_limit(eddy_stream *s, size_t limit)
{
    s->limit = limit ? limit : 1;
}

int eddy_stream_descriptor(const eddy_stream *s)
{
    return s->closed ? -1 : s->fd;
}

size_t eddy_stream_peer_name(const eddy_stream *s, char *buffer, size_t size)
{
    return address_format(&s->peer, buffer, size);
}

size_t eddy_stream_own_name(const eddy_stream *s, char *buffer, size_t size)
{
    union address own = {.any.sa_family = AF_UNSPEC};
    socklen_t room = sizeof own;
    if (s->fd >= 0)
        getsockname(s->fd, &own.any, &room);
    return address_format(&own, buffer, size);
}

bool eddy_stream_at_end(const eddy_stream *s)
{
    return s->at_end && s->begin == s->end;
}
