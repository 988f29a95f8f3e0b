/* SPDX-License-Identifier: MIT */
/* stream_write.c - writing to a stream: all of it, or an error that says how much. */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/stream.h"
#include "io/turn.h"
#include "os/memory.h"

enum {
    PARTS_AT_ONCE = 16,
    AT_ONCE = 16384 /* longer data may find no room, and would be tried twice */
};

/* ==== begin and end ==== */

static inline int begin(struct eddy_stream *s)
{
    int error = stream_enter(s, &s->writer);
    if (!error && s->cut) {
        s->writer = NULL;
        return EDDY_WRITE_CUT;
    }
    if (!error)
        s->sent = 0;
    return error;
}

int stream_begin_write(struct eddy_stream *s)
{
    return begin(s);
}

void stream_end_write(struct stream_write *write)
{
    struct eddy_stream *s = write->stream;
    EDDY_INVARIANT(write->sent <= write->size);
    if (write->sent < write->size) {
        s->sent = write->sent;
        s->cut = write->sent > 0 && !write->broken;
    }
    stream_leave_writer(s);
}

int stream_write_error(struct stream_write *write, int error)
{
    write->broken = error == EPIPE || error == ECONNRESET;
    return error;
}

/* ==== all bytes ==== */

eddy_async_define(int64_t, stream_send_some, (eddy_stream *, s), (const struct iovec *, parts), (int, count),
                  (size_t *, sent))
{
    struct transport_op op = transport_send(s->transport, parts, count);
    ed_enclosing->awaitable.awaitable.failure = eddy_run_here(&op.awaitable);
    if (op.result > 0)
        *sent += (size_t)op.result;
    int error = stream_error(s, op.result);
    return error ? -error : op.result;
}

eddy_async_define(int, stream_send_all, (eddy_stream *, s), (const char *, data), (size_t, size), (size_t *, sent))
{
    while (*sent < size) {
        struct iovec part = {(void *)(uintptr_t)(data + *sent), size - *sent};
        int64_t result = eddy_await(stream_send_some(s, &part, 1, sent));
        if (result < 0)
            return (int)-result;
    }
    return 0;
}

/* Sends the first bytes without an await. Returns their number, or a negative code; -EAGAIN: not possible now. */
static int64_t send_now(struct eddy_stream *s, const char *data, size_t size)
{
    if (!s->transport->type->send_now || size == 0 || size > AT_ONCE)
        return -EAGAIN;
    int64_t result = s->transport->type->send_now(s->transport, data, size);
    if (result != -EAGAIN)
        task_note_at_once(current.task);
    return result;
}

/* Sends all bytes, or those that send_now left. */
eddy_async(void, write_all, (eddy_stream *, s), (const char *, data), (size_t, size), (int64_t, begun))
{
    struct stream_write write = {s, begun > 0 ? (size_t)begun : 0, size, false};
    eddy_defer(stream_end_write, &write);
    int error = begun < 0 && begun != -EAGAIN ? stream_error(s, begun)
                                              : eddy_await(stream_send_all(s, data, size, &write.sent));
    if (stream_write_error(&write, error))
        eddy_raise(error, "eddy_stream_write(%s): %zu of %zu bytes were sent", stream_peer(s), write.sent, size);
}

/* Away from eddy_stream_write, which then needs no room for the value. */
static __attribute__((noinline)) struct eddy_failure *write_rest(struct eddy_stream *s, const char *data, size_t size,
                                                                 int64_t begun)
{
    __auto_type rest = write_all(s, data, size, begun);
    s->used |= begun > 0;
    return eddy_run_here(&rest.awaitable);
}

eddy_async_define(void, eddy_stream_write, (eddy_stream *, s), (const void *, data), (size_t, size))
{
    TURN_IF(size == 0);
    int error = begin(s);
    if (error)
        eddy_raise(error, "eddy_stream_write(%s)", stream_peer(s));
    int64_t begun = send_now(s, data, size);
    struct eddy_failure *failure = NULL;
    if (begun == (int64_t)size) {
        s->used = true;
        stream_leave_writer(s);
    } else
        failure = write_rest(s, data, size, begun);
    if (__builtin_expect(failure != NULL, 0))
        ED_FAIL(failure, here);
}

/* ==== several parts ==== */

/* The progress of a vectored write. */
struct progress {
    const eddy_slice *parts;
    size_t count;
    size_t part;         /* the first part that is not completely sent */
    size_t part_sent;    /* of it */
    size_t told;         /* number of bytes that `part` and `part_sent` account for */
};

/* Fills in the next parts that have bytes. Returns their number. */
static int next_parts(struct progress *progress, struct iovec parts[PARTS_AT_ONCE])
{
    int count = 0;
    size_t skip = progress->part_sent;
    for (size_t i = progress->part; i < progress->count && count < PARTS_AT_ONCE; i++, skip = 0)
        if (progress->parts[i].size > skip)
            parts[count++] = (struct iovec){(void *)(uintptr_t)(progress->parts[i].data + skip),
                                            progress->parts[i].size - skip};
    return count;
}

static void advance(struct progress *progress, size_t sent)
{
    size_t size = sent - progress->told;
    progress->told = sent;
    while (size) {
        EDDY_INVARIANT(progress->part < progress->count);
        size_t left = progress->parts[progress->part].size - progress->part_sent;
        if (size < left) {
            progress->part_sent += size;
            return;
        }
        size -= left;
        progress->part++;
        progress->part_sent = 0;
    }
}

eddy_async(int, write_parts, (struct stream_write *, write), (struct progress *, progress))
{
    struct iovec parts[PARTS_AT_ONCE];
    while (write->sent < write->size) {
        int count = next_parts(progress, parts);
        int64_t result = eddy_await(stream_send_some(write->stream, parts, count, &write->sent));
        if (result < 0)
            return (int)-result;
        advance(progress, write->sent);
    }
    return 0;
}

eddy_async_define(void, eddy_stream_writev, (eddy_stream *, s), (const eddy_slice *, parts), (size_t, count))
{
    struct progress progress = {parts, count, 0, 0, 0};
    struct stream_write write = {s, 0, 0, false};
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(write.size, parts[i].size, &write.size))
            eddy_raise(EINVAL, "eddy_stream_writev(%s): the sizes of the parts exceed SIZE_MAX", stream_peer(s));
    TURN_IF(write.size == 0);
    int error = stream_begin_write(s);
    if (error)
        eddy_raise(error, "eddy_stream_writev(%s)", stream_peer(s));
    eddy_defer(stream_end_write, &write);
    error = stream_write_error(&write, eddy_await(write_parts(&write, &progress)));
    if (error)
        eddy_raise(error, "eddy_stream_writev(%s): %zu of %zu bytes were sent", stream_peer(s), write.sent, write.size);
}

eddy_async_define(void, eddy_stream_write_eof, (eddy_stream *, s))
{
    int error = stream_begin_write(s);
    if (error) {
        TURN_IF(true);
        eddy_raise(error, "eddy_stream_write_eof(%s)", stream_peer(s));
    }
    eddy_defer(stream_leave_writer, s);
    struct release releasing = release_begin();
    eddy_defer(release_end, &releasing);
    int64_t result = eddy_await(transport_send_end(s->transport));
    error = stream_error(s, result);
    if (error)
        eddy_raise(error, "eddy_stream_write_eof(%s)", stream_peer(s));
}

/* ==== formatted ==== */

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
