/* SPDX-License-Identifier: MIT */
/*
 * stream_read.c - reading from a stream.
 *
 * A cancelled read loses nothing: what it had already put into the caller's memory goes back in front of the
 * buffer.
 */
#define _GNU_SOURCE /* memmem */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "io/stream_use.h"
#include "os/memory.h"

/* First size of a buffer; most lines fit. */
enum { FIRST_CAPACITY = 4000 };

static size_t buffered(const struct eddy_stream *s)
{
    return s->end - s->begin;
}

/* Room for `capacity` bytes in all, what is there lying at `begin`. */
static bool reserve(struct eddy_stream *s, size_t begin, size_t capacity)
{
    char *buffer = s->buffer;
    if (capacity > s->capacity) {
        buffer = memory_alloc(capacity);
        if (!buffer)
            return false;
        s->capacity = capacity;
    }
    if (s->end > s->begin)
        memmove(buffer + begin, s->buffer + s->begin, buffered(s));
    if (buffer != s->buffer)
        memory_free(s->buffer);
    s->buffer = buffer;
    s->end = begin + buffered(s);
    s->begin = begin;
    return true;
}

/* Room for at least one byte behind what is there; `most` in all. */
static bool make_room(struct eddy_stream *s, size_t most)
{
    size_t capacity = s->capacity ? s->capacity : FIRST_CAPACITY;
    if (s->begin == s->end)
        s->begin = s->end = 0;
    if (s->end < s->capacity)
        return true;
    if (buffered(s) >= s->capacity / 2 + 1)
        capacity = capacity * 2 < most ? capacity * 2 : most;
    if (capacity <= buffered(s))
        capacity = buffered(s) + 1;
    return reserve(s, 0, capacity > s->capacity ? capacity : s->capacity);
}

static size_t take(struct eddy_stream *s, void *data, size_t size)
{
    if (size > buffered(s))
        size = buffered(s);
    if (size)
        memcpy(data, s->buffer + s->begin, size);
    s->begin += size;
    return size;
}

static void put_back(struct eddy_stream *s, const void *data, size_t size)
{
    if (size > s->begin && !reserve(s, size, buffered(s) + size)) {
        s->broken = ENOMEM;
        return;
    }
    s->begin -= size;
    memcpy(s->buffer + s->begin, data, size);
}

static int enter(struct eddy_stream *s)
{
    int error = stream_enter(s, &s->reader);
    if (!error && s->broken) {
        s->reader = NULL;
        error = s->broken;
    }
    return error;
}

/* More bytes into [data, data + size): how many, 0 at the end, or a negative code. */
eddy_async(int64_t, receive, (eddy_stream *, s), (void *, data), (size_t, size))
{
    if (s->at_end)
        return 0;
    int64_t result = eddy_await(socket_recv(s->fd, data, size, 0));
    if (result < 0 || s->closed)
        return -stream_error(s, result);
    s->at_end = result == 0;
    return result;
}

/* More bytes into the buffer, which holds `most` at most. */
eddy_async(int64_t, fill, (eddy_stream *, s), (size_t, most))
{
    if (!make_room(s, most))
        return -ENOMEM;
    int64_t result = eddy_await(receive(s, s->buffer + s->end, s->capacity - s->end));
    if (result > 0)
        s->end += (size_t)result;
    return result;
}

eddy_async_define(size_t, eddy_stream_read, (eddy_stream *, s), (void *, buffer), (size_t, size))
{
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read(%s)", stream_peer(s).text);
    eddy_defer(stream_leave_reader, s);
    if (s->begin < s->end || size == 0)
        return take(s, buffer, size);
    int64_t result = eddy_await(receive(s, buffer, size));
    if (result < 0)
        eddy_raise((int)-result, "eddy_stream_read(%s)", stream_peer(s).text);
    return (size_t)result;
}

/* Bytes in the caller's memory that are not yet the caller's. */
struct partial {
    struct eddy_stream *s;
    void *data;
    size_t size; /* 0: nothing to give back */
};

static void give_back(struct partial *partial)
{
    if (partial->size)
        put_back(partial->s, partial->data, partial->size);
}

eddy_async_define(size_t, eddy_stream_read_exactly, (eddy_stream *, s), (void *, buffer), (size_t, size))
{
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read_exactly(%s, %zu)", stream_peer(s).text, size);
    eddy_defer(stream_leave_reader, s);
    struct partial got = {s, buffer, take(s, buffer, size)};
    eddy_defer(give_back, &got);
    while (got.size < size) {
        int64_t result = eddy_await(receive(s, (char *)buffer + got.size, size - got.size));
        if (result < 0)
            eddy_raise((int)-result, "eddy_stream_read_exactly(%s, %zu)", stream_peer(s).text, size);
        if (result == 0) {
            size_t came = got.size;
            got.size = 0;
            eddy_raise(EDDY_INCOMPLETE_READ, "eddy_stream_read_exactly(%s): %zu of %zu bytes came",
                       stream_peer(s).text, came, size);
        }
        got.size += (size_t)result;
    }
    got.size = 0;
    return size;
}

/* What read_until and read_line look for, and how far they have looked. */
struct search {
    const char *separator;
    size_t size;    /* of the separator */
    size_t checked; /* bytes from `begin` on at which no separator begins */
};

/* Size of the line with its separator; 0: not there yet. */
static size_t find(const struct eddy_stream *s, struct search *search)
{
    if (buffered(s) < search->size)
        return 0;
    const char *begin = s->buffer + s->begin;
    const char *found =
        memmem(begin + search->checked, buffered(s) - search->checked, search->separator, search->size);
    if (found)
        return (size_t)(found - begin) + search->size;
    search->checked = buffered(s) - search->size + 1;
    return 0;
}

/* The line's size; 0: the stream ended without a separator; or a negative code. */
eddy_async(int64_t, seek_line, (eddy_stream *, s), (const char *, separator))
{
    struct search search = {separator, strlen(separator), 0};
    if (search.size == 0)
        return -EINVAL;
    size_t most = s->limit + search.size;
    for (;;) {
        size_t size = find(s, &search);
        if (search.checked > s->limit || size > most)
            return -EDDY_LIMIT_OVERRUN;
        if (size)
            return (int64_t)size;
        int64_t result = eddy_await(fill(s, most));
        if (result <= 0)
            return result;
    }
}

static size_t take_line(struct eddy_stream *s, size_t size, eddy_slice *line)
{
    *line = (eddy_slice){size ? s->buffer + s->begin : "", size};
    s->begin += size;
    return size;
}

eddy_async_define(size_t, eddy_stream_read_until, (eddy_stream *, s), (const char *, separator), (eddy_slice *, line))
{
    *line = (eddy_slice){"", 0};
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read_until(%s)", stream_peer(s).text);
    eddy_defer(stream_leave_reader, s);
    int64_t size = eddy_await(seek_line(s, separator));
    if (size == -EDDY_LIMIT_OVERRUN)
        eddy_raise(EDDY_LIMIT_OVERRUN, "eddy_stream_read_until(%s): more than %zu bytes", stream_peer(s).text,
                   s->limit);
    if (size < 0)
        eddy_raise((int)-size, "eddy_stream_read_until(%s)", stream_peer(s).text);
    if (size == 0) {
        size_t came = take_line(s, buffered(s), line);
        eddy_raise(EDDY_INCOMPLETE_READ, "eddy_stream_read_until(%s): %zu bytes and no separator",
                   stream_peer(s).text, came);
    }
    return take_line(s, (size_t)size, line);
}

eddy_async_define(size_t, eddy_stream_read_line, (eddy_stream *, s), (eddy_slice *, line))
{
    *line = (eddy_slice){"", 0};
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read_line(%s)", stream_peer(s).text);
    eddy_defer(stream_leave_reader, s);
    int64_t size = eddy_await(seek_line(s, "\n"));
    if (size == -EDDY_LIMIT_OVERRUN)
        eddy_raise(EDDY_LIMIT_OVERRUN, "eddy_stream_read_line(%s): more than %zu bytes", stream_peer(s).text,
                   s->limit);
    if (size < 0)
        eddy_raise((int)-size, "eddy_stream_read_line(%s)", stream_peer(s).text);
    return take_line(s, size ? (size_t)size : buffered(s), line);
}
