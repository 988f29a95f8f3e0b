/* SPDX-License-Identifier: MIT */
/*
 * stream_read.c - reading from a stream.
 *
 * Bytes are read where the transport has put them; only data that spans two of its buffers is copied. A cancelled
 * read loses nothing: bytes that it had already put into the caller's memory are put back in front of later ones.
 */
#define _GNU_SOURCE /* memmem */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "io/stream.h"
#include "io/turn.h"
#include "os/memory.h"

enum {
    FIRST_CAPACITY = 4000, /* first size of a stream's own memory; most lines fit */
    DIRECT = 16384         /* reads of this size go straight into the caller's memory */
};

/* ==== the input ==== */

static size_t buffered(const struct eddy_stream *s)
{
    EDDY_INVARIANT(s->begin <= s->end);
    return (size_t)(s->end - s->begin);
}

/* Moves the unread bytes into the stream's own memory, to `offset`, where there is room for `capacity` bytes. */
static bool move_to_own(struct eddy_stream *s, size_t offset, size_t capacity)
{
    size_t size = buffered(s);
    char *own = s->own;
    if (capacity > s->capacity) {
        own = memory_alloc(capacity);
        if (!own)
            return false;
    }
    if (size)
        memmove(own + offset, s->begin, size);
    if (own != s->own) {
        memory_free(s->own);
        s->own = own;
        s->capacity = capacity;
    }
    s->begin = own + offset;
    s->end = s->begin + size;
    transport_give_back(s->transport, &s->chunk);
    return true;
}

/* Appends bytes to the unread ones, in the stream's own memory. */
static bool append(struct eddy_stream *s, const char *data, size_t size)
{
    size_t needed = buffered(s) + size, capacity = s->capacity ? s->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    bool fits = s->own && s->capacity - (size_t)(s->end - s->own) >= size;
    if (!fits && !move_to_own(s, 0, capacity))
        return false;
    memcpy(s->end, data, size);
    s->end += size;
    return true;
}

static size_t take(struct eddy_stream *s, void *data, size_t size)
{
    if (size > buffered(s))
        size = buffered(s);
    if (size) { /* without unread bytes begin may be NULL */
        memcpy(data, s->begin, size);
        s->begin += size;
    }
    if (s->begin == s->end)
        stream_drop_input(s);
    return size;
}

static void put_back(struct eddy_stream *s, const void *data, size_t size)
{
    size_t room = s->own ? (size_t)(s->begin - s->own) : 0;
    if (!s->transport)
        return; /* the stream was closed meanwhile: the bytes will not be read */
    if (size > room && !move_to_own(s, size, buffered(s) + size)) {
        s->broken = ENOMEM;
        return;
    }
    s->begin -= size;
    EDDY_INVARIANT(size == 0 || s->begin >= s->own);
    memcpy(s->begin, data, size);
}

char *stream_take_buffered(struct eddy_stream *s, size_t *size)
{
    char *data = buffered(s) ? memory_alloc(buffered(s)) : NULL;
    *size = data ? take(s, data, buffered(s)) : 0;
    s->partial = (eddy_slice){"", 0};
    s->too_long = false;
    return data;
}

/* ==== receiving more ==== */

/* error: that of stream_enter; 0: the stream is broken, and was entered. */
static __attribute__((noinline)) int do_not_enter(struct eddy_stream *s, int error)
{
    if (error == ETIMEDOUT && s->begin) /* the deadline has passed: the unread bytes are kept */
        s->partial = (eddy_slice){s->begin, buffered(s)};
    if (error)
        return error;
    s->reader = NULL;
    return s->broken;
}

static inline __attribute__((always_inline)) int enter(struct eddy_stream *s)
{
    s->partial = (eddy_slice){"", 0};
    int error = stream_enter(s, &s->reader);
    if (__builtin_expect(error || s->broken, 0))
        return do_not_enter(s, error);
    s->waits = s->halfway = false;
    return 0;
}

/* Joins the earlier bytes and the new ones. */
static int64_t join(struct eddy_stream *s, struct chunk *chunk, int64_t size)
{
    bool kept = append(s, chunk->data, (size_t)size);
    transport_give_back(s->transport, chunk);
    if (!kept)
        s->broken = ENOMEM;
    return kept ? size : -ENOMEM;
}

/* The result of reading once more at the end of a stream. A loop that ignores it can be cancelled, too. */
static int64_t end_again(void)
{
    task_note_at_once(current.task);
    return 0;
}

static __attribute__((noinline)) int64_t receive_by_operation(struct transport *t, struct chunk *chunk,
                                                              struct eddy_failure **failure)
{
    struct transport_op op = transport_receive(t, chunk);
    *failure = eddy_run_here(&op.awaitable);
    return op.result;
}

static inline int64_t receive(struct transport *t, struct chunk *chunk, struct eddy_failure **failure)
{
    if (!t->type->receive_here || t->stopped || !native_is_free(current.task))
        return receive_by_operation(t, chunk, failure);
    int64_t result = t->type->receive_here(t, chunk, failure);
    return __builtin_expect(*failure != NULL, 0) ? transport_after_failure(failure, result) : result;
}

static inline int64_t receive_first(struct eddy_stream *s, struct eddy_failure **failure)
{
    if (s->begin)
        stream_drop_input(s);
    int64_t result = receive(s->transport, &s->chunk, failure);
    if (result > 0) {
        s->begin = s->chunk.data;
        s->end = s->begin + result;
    }
    return result;
}

static __attribute__((noinline)) int64_t receive_next(struct eddy_stream *s, struct eddy_failure **failure)
{
    struct chunk chunk = {NULL, 0};
    if (s->chunk.data && !move_to_own(s, 0, buffered(s) > FIRST_CAPACITY ? buffered(s) * 2 : FIRST_CAPACITY))
        return -ENOMEM;
    int64_t result = receive(s->transport, &chunk, failure);
    return result > 0 ? join(s, &chunk, result) : result;
}

/* Receives more bytes after the unread ones, if there are `any`. Returns their number, 0 at the end, or a negative
 * code. */
static inline __attribute__((always_inline)) int64_t receive_more(struct eddy_stream *s, bool any,
                                                                  struct eddy_failure **failure)
{
    if (!stream_begin_wait(s))
        return end_again();
    int64_t result = any ? receive_next(s, failure) : receive_first(s, failure);
    return *failure ? 0 : stream_end_wait(s, result);
}

/* The same as an awaitable, without the steps of a coroutine. */
struct more {
    struct eddy_awaitable awaitable;
    int64_t result;
    eddy_stream *s;
};

static void run_more(struct eddy_awaitable *a)
{
    struct more *self = (struct more *)(void *)a;
    self->result = receive_more(self->s, buffered(self->s) > 0, &a->awaitable.failure);
}

static const struct eddy_awaitable_type more_type = {
    .name = "more", .run = run_more, .kind = EDDY_COROUTINE, .size = sizeof(struct more)};

static inline struct more more(eddy_stream *s)
{
    return (struct more){ED_HEADER(more_type), .s = s};
}

/* Called without unread bytes: receives at least one byte into [data, data + size). Returns their number, 0 at the
 * end, or a negative code. */
eddy_async(int64_t, more_into, (eddy_stream *, s), (void *, data), (size_t, size))
{
    if (size < DIRECT || !s->transport->type->receive_into) {
        int64_t result = eddy_await(more(s));
        return result > 0 ? (int64_t)take(s, data, size) : result;
    }
    if (!stream_begin_wait(s))
        return end_again();
    stream_drop_input(s);
    return stream_end_wait(s, eddy_await(transport_receive_into(s->transport, data, size)));
}

/* ==== reading bytes ==== */

eddy_async_define(size_t, eddy_stream_read, (eddy_stream *, s), (void *, buffer), (size_t, size))
{
    TURN_IF(size == 0);
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read(%s)", stream_peer(s));
    eddy_defer(stream_leave_reader, s);
    s->too_long = false;
    if (s->begin < s->end || size == 0)
        return take(s, buffer, size);
    int64_t result = eddy_await(more_into(s, buffer, size));
    if (result < 0)
        eddy_raise((int)-result, "eddy_stream_read(%s)", stream_peer(s));
    return (size_t)result;
}

eddy_async_define(size_t, eddy_stream_read_some, (eddy_stream *, s), (eddy_slice *, bytes))
{
    *bytes = (eddy_slice){"", 0};
    TURN_IF_DUE();
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read_some(%s)", stream_peer(s));
    eddy_defer(stream_leave_reader, s);
    s->too_long = false;
    struct eddy_failure **pending = &ed_enclosing->awaitable.awaitable.failure;
    int64_t result = s->begin < s->end ? 1 : receive_more(s, false, pending);
    if (__builtin_expect(*pending != NULL, 0)) {
        struct eddy_failure *failure = *pending;
        *pending = NULL;
        ED_FAIL(failure, here);
    }
    if (result < 0)
        eddy_raise((int)-result, "eddy_stream_read_some(%s)", stream_peer(s));
    if (result > 0)
        *bytes = (eddy_slice){s->begin, buffered(s)};
    s->begin = s->end;
    return bytes->size;
}

/* Bytes that were read into the caller's memory and may have to be put back. */
struct half_read {
    struct eddy_stream *s;
    void *data;
    size_t size; /* 0: nothing to put back */
};

static void give_back(struct half_read *half)
{
    if (!half->size)
        return;
    put_back(half->s, half->data, half->size);
    if (half->s->transport)
        half->s->partial = (eddy_slice){half->s->begin, buffered(half->s)};
}

eddy_async_define(size_t, eddy_stream_read_exactly, (eddy_stream *, s), (void *, buffer), (size_t, size))
{
    TURN_IF(size == 0);
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_read_exactly(%s, %zu)", stream_peer(s), size);
    eddy_defer(stream_leave_reader, s);
    s->too_long = false;
    struct half_read got = {s, buffer, take(s, buffer, size)};
    eddy_defer(give_back, &got);
    while (got.size < size) {
        s->halfway = got.size > 0;
        int64_t result = eddy_await(more_into(s, (char *)buffer + got.size, size - got.size));
        if (result < 0)
            eddy_raise((int)-result, "eddy_stream_read_exactly(%s, %zu)", stream_peer(s), size);
        if (result == 0) {
            s->partial = (eddy_slice){buffer, got.size};
            got.size = 0;
            eddy_raise(EDDY_INCOMPLETE_READ, "eddy_stream_read_exactly(%s): %zu of %zu bytes came", stream_peer(s),
                       s->partial.size, size);
        }
        got.size += (size_t)result;
    }
    got.size = 0;
    return size;
}

/* ==== reading lines ==== */

/* The separators that are searched for, and how far the search has come. */
struct search {
    const eddy_slice *separators;
    size_t count;   /* of them */
    size_t longest; /* size of the longest separator, in bytes */
    size_t checked; /* number of bytes from `begin` on at which no whole separator begins */
    size_t found;   /* size of the separator that was found */
};

/* The size of the line that ends first, with its separator; 0: there is none yet. */
static size_t find(const struct eddy_stream *s, struct search *search)
{
    size_t size = buffered(s), first = 0;
    for (size_t i = 0; i < search->count; i++) {
        const eddy_slice *separator = &search->separators[i];
        const char *found = size - search->checked < separator->size
                                ? NULL
                                : memmem(s->begin + search->checked, size - search->checked, separator->data,
                                         separator->size);
        size_t end = found ? (size_t)(found - s->begin) + separator->size : 0;
        if (end && (!first || end < first)) {
            first = end;
            search->found = separator->size;
        }
    }
    if (!first && size >= search->longest)
        search->checked = size - search->longest + 1;
    return first;
}

/* The size of the longest separator; 0: there is an empty one, or no separator at all. */
static size_t longest_of(const eddy_slice *separators, size_t count)
{
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        if (separators[i].size == 0 || !separators[i].data)
            return 0;
        if (separators[i].size > longest)
            longest = separators[i].size;
    }
    return longest;
}

static bool is_too_long(const struct eddy_stream *s, const struct search *search, size_t size)
{
    return search->checked > s->limit || (size && size - search->found > s->limit);
}

/* The line's size; 0: the stream ended without a separator; or a negative code. */
eddy_async(int64_t, seek_line, (eddy_stream *, s), (struct search, search))
{
    for (;;) {
        size_t size = find(s, &search);
        s->too_long = is_too_long(s, &search, size);
        if (s->too_long)
            return -EDDY_LIMIT_OVERRUN;
        if (size)
            return (int64_t)size;
        int64_t result = eddy_await(more(s));
        if (result <= 0)
            return result;
    }
}

/* Drops unread bytes: those up to the first separator, included; if there is none, those at which no separator can
 * begin. *size: all bytes dropped so far. True: the separator was found. */
static bool drop_some(struct eddy_stream *s, struct search *search, size_t *size)
{
    size_t line = find(s, search), drop = line ? line : search->checked;
    if (drop) /* of a stream that has read nothing so far even `begin` is NULL */
        s->begin += drop;
    *size += drop;
    search->checked = 0;
    return line;
}

/* Drops a line of any length without keeping it. Returns the number of bytes dropped, with the separator; 0: the
 * stream has ended; or a negative code. */
eddy_async(int64_t, drop_line, (eddy_stream *, s), (struct search, search))
{
    size_t size = 0;
    while (!drop_some(s, &search, &size)) {
        int64_t result = eddy_await(more(s));
        if (result < 0)
            return result;
        if (result == 0) {
            size += buffered(s);
            s->begin = s->end;
            break;
        }
    }
    s->too_long = false;
    return (int64_t)size;
}

/* A line that was too long for the previous call is dropped. So a caller that goes on after the error gets the next
 * line, and never the same one again. */
eddy_async(int64_t, seek_next_line, (eddy_stream *, s), (const eddy_slice *, separators), (size_t, count))
{
    struct search search = {.separators = separators, .count = count, .longest = longest_of(separators, count)};
    if (search.longest == 0) {
        TURN_IF(true);
        return -EINVAL;
    }
    int64_t dropped = s->too_long ? eddy_await(drop_line(s, search)) : 0;
    return dropped < 0 ? dropped : eddy_await(seek_line(s, search));
}

static size_t take_line(struct eddy_stream *s, size_t size, eddy_slice *line)
{
    *line = (eddy_slice){size ? s->begin : "", size};
    if (size)
        s->begin += size;
    return size;
}

/* Returns the failure with the reason why no line could be read; the callers below raise it, and pass their names. */
static struct eddy_failure *no_line(struct eddy_stream *s, const char *call, int error)
{
    static const struct eddy_site site = {NULL, __func__, 0};
    if (s->transport)
        s->partial = (eddy_slice){s->begin ? s->begin : "", buffered(s)};
    if (error == EDDY_LIMIT_OVERRUN)
        return eddy_failure_new(&site, error, "%s(%s): more than %zu bytes", call, stream_peer(s), s->limit);
    if (error == EDDY_INCOMPLETE_READ)
        return eddy_failure_new(&site, error, "%s(%s): %zu bytes and no separator", call, stream_peer(s),
                                s->partial.size);
    return eddy_failure_new(&site, error, "%s(%s)", call, stream_peer(s));
}

/* needed: an end without a separator is an error, and the bytes are left to the caller. */
eddy_async(size_t, read_line, (eddy_stream *, s), (const eddy_slice *, separators), (size_t, count),
           (eddy_slice *, line), (const char *, call), (bool, needed))
{
    *line = (eddy_slice){"", 0};
    TURN_IF_DUE();
    int error = enter(s);
    if (error)
        eddy_raise(error, "%s(%s)", call, stream_peer(s));
    eddy_defer(stream_leave_reader, s);
    int64_t size = eddy_await(seek_next_line(s, separators, count));
    if (size < 0 || (size == 0 && needed)) {
        ed_enclosing->awaitable.awaitable.failure = no_line(s, call, size < 0 ? (int)-size : EDDY_INCOMPLETE_READ);
        if (size == 0)
            take_line(s, buffered(s), line);
        return 0;
    }
    return take_line(s, size ? (size_t)size : buffered(s), line);
}

eddy_async_define(size_t, eddy_stream_read_until_any, (eddy_stream *, s), (const eddy_slice *, separators),
                  (size_t, count), (eddy_slice *, line))
{
    return eddy_await(read_line(s, separators, count, line, "eddy_stream_read_until_any", true));
}

eddy_async_define(size_t, eddy_stream_read_until, (eddy_stream *, s), (const char *, separator), (eddy_slice *, line))
{
    eddy_slice only = {separator, separator ? strlen(separator) : 0};
    return eddy_await(read_line(s, &only, 1, line, "eddy_stream_read_until", true));
}

eddy_async_define(size_t, eddy_stream_read_line, (eddy_stream *, s), (eddy_slice *, line))
{
    eddy_slice only = {"\n", 1};
    return eddy_await(read_line(s, &only, 1, line, "eddy_stream_read_line", false));
}

eddy_async_define(size_t, eddy_stream_skip_line, (eddy_stream *, s))
{
    eddy_slice only = {"\n", 1};
    struct search search = {.separators = &only, .count = 1, .longest = 1};
    TURN_IF_DUE();
    int error = enter(s);
    if (error)
        eddy_raise(error, "eddy_stream_skip_line(%s)", stream_peer(s));
    eddy_defer(stream_leave_reader, s);
    int64_t size = eddy_await(drop_line(s, search));
    if (size < 0)
        eddy_raise((int)-size, "eddy_stream_skip_line(%s)", stream_peer(s));
    return (size_t)size;
}
