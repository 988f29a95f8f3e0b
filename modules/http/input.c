/* SPDX-License-Identifier: MIT */
/* input.c - see input.h. */
#define EDDY_LIBRARY
#include "input.h"

#include <math.h>
#include <string.h>

#include "inflate.h"

/* ==== bytes ==== */

/* Before the stream reads again: what it has lent is copied, what was taken is dropped. */
static bool keep_rest(struct input *in)
{
    size_t size = input_size(in);
    bool is_own = in->own.data && in->begin >= in->own.data && in->begin <= in->own.data + in->own.size;
    if (size && is_own) {
        memmove(in->own.data, in->begin, size);
        in->own.size = size;
    } else {
        in->own.size = 0;
        if (size && !eddy_buffer_append(&in->own, in->begin, size))
            return false;
    }
    if (size == 0)
        eddy_buffer_free(&in->own);
    in->begin = in->own.data;
    in->end = size ? in->begin + size : NULL; /* own has no memory then */
    return true;
}

async_define(size_t, input_more, (struct input *, in))
{
    eddy_slice bytes;
    if (!keep_rest(in))
        throw(ENOMEM, "memory for what has arrived");
    size_t before = input_size(in);
    if (await(eddy_stream_read_some(in->stream, &bytes)) == 0)
        return 0;
    if (before == 0) {
        in->begin = bytes.data;
        in->end = bytes.data + bytes.size;
        return bytes.size;
    }
    if (!eddy_buffer_append(&in->own, bytes.data, bytes.size))
        throw(ENOMEM, "memory for what has arrived");
    in->begin = in->own.data;
    in->end = in->begin + in->own.size;
    return bytes.size;
}

void input_end(struct input *in)
{
    eddy_buffer_free(&in->own);
    in->begin = in->end = NULL;
}

void input_set_deadline(struct input *in, double seconds)
{
    double when = eddy_time() + seconds;
    if (fabs(when - in->deadline) < seconds / 32)
        return;
    in->deadline = when;
    eddy_stream_set_deadline(in->stream, when);
}

/* ==== bodies ==== */

static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* The peer has sent nothing of the body yet: it is told to. */
async(void, ask_for_it, (struct eddy_http_body *, body))
{
    if (input_size(body->in) == 0)
        await(eddy_stream_write(body->in->stream, proceed, sizeof proceed - 1));
    body->expected = false;
}

/* Receives more, and says by which status a server answers if that fails. */
async(void, more_of_it, (struct eddy_http_body *, body))
{
    eddy_error err;
    if (body->expected)
        await(ask_for_it(body));
    if (body->seconds > 0)
        input_set_deadline(body->in, body->seconds);
    size_t size = await(input_more(body->in), &err);
    if (err.code == ETIMEDOUT) {
        body->refused = 408;
        body->why = "the body did not arrive in time";
    }
    if (err.code)
        rethrow(&err);
    if (size)
        return;
    body->ended = body->kind == BODY_TO_THE_END;
    if (!body->ended)
        throw(EDDY_INCOMPLETE_READ, "the connection ended before the body of the message");
}

static bool take_sized(struct eddy_http_body *body, eddy_slice *bytes)
{
    struct input *in = body->in;
    size_t size = input_size(in);
    if (body->kind == BODY_SIZED && size > body->left)
        size = (size_t)body->left;
    *bytes = (eddy_slice){in->begin, size};
    in->begin += size;
    if (body->kind == BODY_SIZED) {
        body->left -= size;
        body->ended = body->left == 0;
    }
    return true;
}

static bool take_chunk(struct eddy_http_body *body, eddy_slice *bytes)
{
    struct input *in = body->in;
    int64_t taken = chunks_take(&body->chunks, in->begin, input_size(in), &bytes->data, &bytes->size);
    if (taken < 0)
        return false;
    in->begin += taken;
    body->ended = chunks_ended(&body->chunks);
    return true;
}

/* The next bytes as they were sent. */
async(size_t, read_raw, (struct eddy_http_body *, body), (eddy_slice *, bytes))
{
    *bytes = (eddy_slice){"", 0};
    while (bytes->size == 0 && !body->ended) {
        if (input_size(body->in) == 0)
            await(more_of_it(body));
        if (body->ended)
            break;
        if (!(body->kind == BODY_CHUNKED ? take_chunk : take_sized)(body, bytes)) {
            body->refused = 400;
            body->why = body->chunks.why;
            throw(EBADMSG, "a body in chunks: %s", body->chunks.why);
        }
    }
    return bytes->size;
}

/* Unpacks what has arrived. False: more bytes are needed. */
static bool unpack(struct eddy_http_body *body, eddy_slice *bytes, bool *broken)
{
    size_t left = body->packed.size;
    long size = inflater_take(body->inflater, body->packed.data, &left, &bytes->data);
    body->packed.data += body->packed.size - left;
    body->packed.size = left;
    *broken = size < 0;
    bytes->size = size > 0 ? (size_t)size : 0;
    return size != 0 || left;
}

async(size_t, read_unpacked, (struct eddy_http_body *, body), (eddy_slice *, bytes))
{
    bool broken;
    for (;;) {
        bool more = unpack(body, bytes, &broken);
        if (broken)
            throw(EBADMSG, "the compressed body of a message is not valid");
        if (bytes->size)
            return bytes->size;
        if (!more && await(read_raw(body, &body->packed)) == 0)
            break;
    }
    if (!inflater_ended(body->inflater))
        throw(EDDY_INCOMPLETE_READ, "the compressed body of a message is not complete");
    return 0;
}

async_define(size_t, eddy_http_read_some, (eddy_http_body *, body), (eddy_slice *, bytes))
{
    *bytes = body->pending;
    body->pending = (eddy_slice){"", 0};
    if (bytes->size)
        return bytes->size;
    return body->inflater ? await(read_unpacked(body, bytes)) : await(read_raw(body, bytes));
}

async_define(size_t, eddy_http_read, (eddy_http_body *, body), (void *, buffer), (size_t, size))
{
    eddy_slice bytes;
    if (size == 0 || await(eddy_http_read_some(body, &bytes)) == 0)
        return 0;
    size_t taken = bytes.size < size ? bytes.size : size;
    memcpy(buffer, bytes.data, taken);
    body->pending = (eddy_slice){bytes.data + taken, bytes.size - taken};
    return taken;
}

async_define(eddy_slice, eddy_http_read_all, (eddy_http_body *, body))
{
    eddy_buffer all = {0};
    eddy_slice bytes;
    defer(eddy_buffer_free, &all);
    bool fits = body->kind != BODY_SIZED || body->inflater || body->left <= body->most;
    while (fits && await(eddy_http_read_some(body, &bytes))) {
        fits = bytes.size <= body->most - all.size;
        if (fits && !eddy_buffer_append(&all, bytes.data, bytes.size))
            throw(ENOMEM, "the body of a message");
    }
    if (!fits) {
        body->refused = 413;
        body->why = "the body is larger than max_body";
        throw(EMSGSIZE, "the body is larger than the limit of %zu bytes", body->most);
    }
    char *copy = arena_copy(body->arena, all.data ? all.data : "", all.size);
    if (!copy)
        throw(ENOMEM, "the body of a message");
    return (eddy_slice){copy, all.size};
}

async_define(bool, body_drop, (struct eddy_http_body *, body), (size_t, most))
{
    eddy_slice bytes;
    for (size_t dropped = 0; dropped <= most && await(eddy_http_read_some(body, &bytes));)
        dropped += bytes.size;
    return body->ended && body->pending.size == 0;
}
