/* SPDX-License-Identifier: MIT */
/* response.c - what a handler answers: gathered and sent as a whole, or sent piece by piece. */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "exchange.h"

enum {
    HEAD_ROOM = 512,        /* what this file writes of a head, the type aside */
    AT_ONCE = 2048,         /* a response of this size is sent as one piece */
    PIECE = 256 * 1024,     /* bytes that a client must take within send_seconds */
    MOST_DROPPED = 256 * 1024 /* of a body that the handler did not read, to keep the connection */
};

/* ==== what is added to it ==== */

bool exchange_fail(struct exchange *x, int code, const char *why)
{
    if (!x->failed) {
        x->failed = code;
        x->failed_why = why;
    }
    return false;
}

/* The time limit of a handler has cancelled it, or the client takes no more. Without that part the rest would be read
 * as something else. */
void exchange_lose(struct exchange *x, int code)
{
    exchange_fail(x, code == ECANCELED ? EDDY_WRITE_CUT : code, "a part of the response could not be sent");
}

static bool is_ours(const char *name)
{
    static const char *const ours[] = {"content-length", "transfer-encoding", "connection", "date"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    return false;
}

bool eddy_http_add_field(eddy_http_response *response, const char *name, const char *value)
{
    struct exchange *x = exchange_of(response);
    if (!head_is_token(name, strlen(name)) || !head_is_value(value, strlen(value)) || is_ours(name))
        return exchange_fail(x, EINVAL, "a field that was added is not valid");
    if (strcasecmp(name, "content-type") == 0) {
        response->type = arena_copy(&x->arena, value, strlen(value));
        return response->type ? true : exchange_fail(x, ENOMEM, "memory for a field");
    }
    const eddy_slice parts[] = {{name, strlen(name)}, {": ", 2}, {value, strlen(value)}, {"\r\n", 2}};
    for (int i = 0; i < 4; i++)
        if (!eddy_buffer_append(&x->fields, parts[i].data, parts[i].size))
            return exchange_fail(x, ENOMEM, "memory for a field");
    return true;
}

bool eddy_http_append(eddy_http_response *response, const void *data, size_t size)
{
    struct exchange *x = exchange_of(response);
    return eddy_buffer_append(&x->out, data, size) || exchange_fail(x, ENOMEM, "memory for the body");
}

bool eddy_http_printf(eddy_http_response *response, const char *format, ...)
{
    char text[256], *longer = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size >= (int)sizeof text) {
        va_start(arguments, format);
        size = vasprintf(&longer, format, arguments);
        va_end(arguments);
    }
    if (size < 0)
        return exchange_fail(exchange_of(response), ENOMEM, "memory for the body");
    bool done = eddy_http_append(response, longer ? longer : text, (size_t)size);
    free(longer);
    return done;
}

/* ==== the head ==== */

struct text {
    char *at, *end;
};

static void put(struct text *text, const char *data, size_t size)
{
    if ((size_t)(text->end - text->at) < size)
        size = (size_t)(text->end - text->at);
    if (size) /* without bytes data may be NULL */
        memcpy(text->at, data, size);
    text->at += size;
}

static void put_string(struct text *text, const char *string)
{
    put(text, string, strlen(string));
}

static void put_number(struct text *text, uint64_t number)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    put(text, at, (size_t)(digits + sizeof digits - at));
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

static void put_framing(struct exchange *x, struct text *text)
{
    if (x->framing == BY_SIZE) {
        put_string(text, "Content-Length: ");
        put_number(text, (uint64_t)x->response.size);
        put_string(text, "\r\n");
    } else if (x->framing == BY_CHUNKS) {
        put_string(text, "Transfer-Encoding: chunked\r\n");
    }
    if (!x->keeps)
        put_string(text, "Connection: close\r\n");
    else if (x->request.version == 10)
        put_string(text, "Connection: keep-alive\r\n");
}

static void put_type(struct exchange *x, struct text *text)
{
    if (x->framing == BY_NOTHING || (x->response.size == 0 && !x->response.type))
        return;
    put_string(text, "Content-Type: ");
    put_string(text, x->response.type ? x->response.type : "text/plain; charset=utf-8");
    put_string(text, "\r\n");
}

/* All of it but the fields that were added. */
static void put_head(struct exchange *x, struct text *text)
{
    eddy_slice stamp = stamp_of(x->server);
    put_string(text, "HTTP/1.1 ");
    put_number(text, (uint64_t)x->response.status);
    put_string(text, " ");
    put_string(text, eddy_http_reason(x->response.status));
    put_string(text, "\r\n");
    put(text, stamp.data, stamp.size);
    put_type(x, text);
    put_framing(x, text);
}

/* A body that is left unread is dropped if it is short and the client sends it; else the connection cannot be kept. */
static bool can_drop_body(const struct exchange *x)
{
    if (x->body.ended)
        return true;
    return !x->body.expected && x->body.kind != BODY_TO_THE_END && x->body.left <= MOST_DROPPED;
}

static void choose_framing(struct exchange *x)
{
    bool is_new = x->request.version >= 11 || !x->readable;
    x->framing = has_no_body(x->response.status) ? BY_NOTHING
                 : x->response.size >= 0         ? BY_SIZE
                 : is_new                        ? BY_CHUNKS
                                                 : BY_THE_END;
    x->headless |= x->framing == BY_NOTHING;
    x->keeps &= !x->response.closes && x->framing != BY_THE_END && can_drop_body(x) &&
                !(x->server->listening && eddy_server_closing(x->server->listening));
}

/* ==== sending ==== */

static void set_patience(struct exchange *x)
{
    input_set_deadline(&x->input, x->server->options.send_seconds);
}

/* As one write if it is short: that is cheaper for the kernel, and for the client. */
async(void, write_parts, (struct exchange *, x), (const eddy_slice *, parts), (size_t, count))
{
    char whole[AT_ONCE];
    size_t size = 0;
    set_patience(x);
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    if (size > sizeof whole) {
        await(eddy_stream_writev(x->input.stream, parts, count));
        return;
    }
    struct text text = {whole, whole + sizeof whole};
    for (size_t i = 0; i < count; i++)
        put(&text, parts[i].data, parts[i].size);
    await(eddy_stream_write(x->input.stream, whole, size));
}

async(void, send_parts, (struct exchange *, x), (const eddy_slice *, parts), (size_t, count))
{
    eddy_error err;
    await_always(write_parts(x, parts, count), &err);
    if (!err.code)
        return;
    exchange_lose(x, err.code);
    rethrow(&err);
}

/* The size of a chunk as its line; returns the length. */
static size_t format_chunk(char line[20], size_t size)
{
    return (size_t)snprintf(line, 20, "%zx\r\n", size);
}

async_define(void, exchange_send_head, (struct exchange *, x), (const void *, data), (size_t, size))
{
    char room[HEAD_ROOM + 512], line[20];
    struct text text = {room, room + sizeof room};
    if (x->response.status < 200 || x->response.status > 999)
        throw(EINVAL, "%d is not a valid status of a response", x->response.status);
    if (x->response.type && strlen(x->response.type) > 500)
        throw(EINVAL, "the type of the response is too long");
    choose_framing(x);
    put_head(x, &text);
    x->progress = SENDING;
    bool chunk = x->framing == BY_CHUNKS && size && !x->headless;
    const eddy_slice parts[] = {{room, (size_t)(text.at - room)},
                                {x->fields.data, x->fields.size},
                                {"\r\n", 2},
                                {line, chunk ? format_chunk(line, size) : 0},
                                {data, x->headless ? 0 : size},
                                {"\r\n", chunk ? 2 : 0}};
    await(send_parts(x, parts, 6));
    x->sent += size;
}

async(void, send_piece, (struct exchange *, x), (const void *, data), (size_t, size))
{
    char line[20];
    bool chunk = x->framing == BY_CHUNKS;
    const eddy_slice parts[] = {
        {line, chunk ? format_chunk(line, size) : 0}, {data, size}, {"\r\n", chunk ? 2 : 0}};
    if (!x->headless)
        await(send_parts(x, parts, 3));
    x->sent += size;
}

/* Data that are too many for one period of patience are sent in pieces. */
async(void, send_body, (struct exchange *, x), (const char *, data), (size_t, size))
{
    if (x->framing == BY_SIZE && size > (uint64_t)x->response.size - x->sent)
        throw(EMSGSIZE, "the body is longer than response->size, %lld bytes", (long long)x->response.size);
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done < PIECE ? size - done : PIECE;
        await(send_piece(x, data + done, piece));
    }
}

async(void, check, (struct exchange *, x))
{
    if (x->failed)
        throw(x->failed, "%s", x->failed_why);
    if (x->progress == SENT)
        throw(EDDY_INVALID_STATE, "the response was sent already");
}

/* Sends what was appended. */
async(void, flush, (struct exchange *, x))
{
    eddy_buffer out = x->out;
    x->out = (eddy_buffer){0};
    defer(eddy_buffer_free, &out);
    if (out.size)
        await(send_body(x, out.data, out.size));
}

async_define(void, eddy_http_write, (eddy_http_response *, response), (const void *, data), (size_t, size))
{
    struct exchange *x = exchange_of(response);
    await(check(x));
    if (x->progress == UNSENT)
        await(exchange_send_head(x, NULL, 0));
    await(flush(x));
    if (size)
        await(send_body(x, data, size));
}

/* ==== the end ==== */

async(void, send_whole, (struct exchange *, x))
{
    if (x->server->options.gzip)
        exchange_deflate(x);
    x->response.size = (int64_t)x->out.size;
    size_t first = x->out.size < PIECE ? x->out.size : PIECE;
    await(exchange_send_head(x, x->out.data, first));
    if (first < x->out.size)
        await(send_body(x, x->out.data + first, x->out.size - first));
}

async(void, send_rest, (struct exchange *, x))
{
    await(flush(x));
    if (x->framing == BY_SIZE && x->sent < (uint64_t)x->response.size && !x->headless)
        throw(EDDY_INVALID_STATE, "the handler has sent %llu of %lld bytes", (unsigned long long)x->sent,
              (long long)x->response.size);
    if (x->framing == BY_CHUNKS && !x->headless) {
        eddy_slice last = {"0\r\n\r\n", 5};
        await(send_parts(x, &last, 1));
    }
}

async_define(void, exchange_finish, (struct exchange *, x))
{
    if (x->progress == SENT)
        return;
    await(check(x));
    if (x->progress == UNSENT)
        await(send_whole(x));
    else
        await(send_rest(x));
    x->progress = SENT;
}

async_define(void, exchange_refuse, (struct exchange *, x), (int, status), (const char *, why))
{
    const char *type = "text/plain; charset=utf-8";
    x->failed = 0;
    x->refusal = why;
    x->keeps &= x->readable && (status == 404 || status == 405);
    x->response = (eddy_http_response){.status = status, .type = type, .size = -1};
    if (status != 405 && status != 426)
        eddy_buffer_free(&x->fields);
    eddy_buffer_free(&x->out);
    eddy_http_printf(&x->response, "%d %s\n", status, eddy_http_reason(status));
    await(exchange_finish(x));
}
