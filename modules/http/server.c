/* SPDX-License-Identifier: MIT */
/* server.c - the task of a connection: reads a request, calls its handler, finishes the response, and so on. */
#define EDDY_LIBRARY
#include "server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "exchange.h"
#include "websocket.h"

enum { FAREWELL = 2, MOST_DROPPED = 256 * 1024 }; /* seconds; bytes */

/* ==== routes ==== */

static bool has_method(const eddy_http_route *route, const struct exchange *x)
{
    if (!route->method || strcmp(route->method, x->request.method) == 0)
        return true;
    return x->headless && strcmp(route->method, "GET") == 0;
}

/* The first route that fits; NULL: none. *others: a route fits that has another method. */
static const eddy_http_route *find_route(const struct exchange *x, bool *others)
{
    const eddy_http_route *route = x->server->options.routes;
    *others = false;
    for (; route && route->handler; route++) {
        if (!target_fits(x->request.path, route->path))
            continue;
        if (has_method(route, x))
            return route;
        *others = true;
    }
    return NULL;
}

/* The methods of all routes that fit. */
static bool add_allow(struct exchange *x)
{
    char list[256] = "";
    size_t size = 0;
    for (const eddy_http_route *route = x->server->options.routes; route->handler; route++) {
        const char *method = route->method ? route->method : "";
        bool told = !*method || head_has_word(list, method);
        if (told || !target_fits(x->request.path, route->path) || size + strlen(method) + 10 > sizeof list)
            continue;
        size += (size_t)snprintf(list + size, sizeof list - size, "%s%s%s", size ? ", " : "", method,
                                 strcmp(method, "GET") == 0 ? ", HEAD" : "");
    }
    return eddy_http_add_field(&x->response, "Allow", list);
}

async(void, call_handler, (struct exchange *, x))
{
    bool others;
    const eddy_http_route *route = find_route(x, &others);
    eddy_http_handler handler = route ? route->handler : others ? NULL : x->server->options.handler;
    if (route && !target_take_params(&x->target, route->path, &x->arena))
        throw(ENOMEM, "memory for the parameters of a route");
    if (route && route->argument)
        x->request.argument = route->argument;
    if (handler)
        await(handler(&x->request, &x->response));
    else if (others && add_allow(x))
        await(exchange_refuse(x, 405, "no route has this method"));
    else
        await(exchange_refuse(x, 404, "there is no such route"));
    await(exchange_finish(x));
}

/* ==== what goes wrong ==== */

/* The connection ends in a way that no client takes for the end of the body. */
static void reset(struct exchange *x)
{
    struct linger now = {1, 0};
    if (x->framing == BY_THE_END)
        (void)setsockopt(eddy_stream_descriptor(x->input.stream), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* The handler has failed. A response is sent if none has begun. */
async(void, after_failure, (struct exchange *, x), (eddy_error *, failure))
{
    bool is_clients = x->body.refused != 0; /* the handler has let out what the server knows better */
    x->keeps = false;
    if (x->progress == UNSENT && is_clients)
        await(exchange_refuse(x, x->body.refused, x->body.why));
    else if (x->progress == UNSENT)
        await(exchange_refuse(x, 500, "the handler has failed"));
    else
        reset(x);
    if (!is_clients)
        rethrow(failure);
}

static bool is_gone(int code)
{
    return code == ECONNRESET || code == EPIPE || code == EDDY_INCOMPLETE_READ || code == EDDY_TLS_TRUNCATED;
}

/* If bytes are unread when a connection is closed, the kernel resets it, and the response is lost. */
async(void, part, (struct exchange *, x))
{
    eddy_slice rest;
    await(eddy_stream_write_eof(x->input.stream));
    eddy_stream_set_deadline(x->input.stream, eddy_time() + FAREWELL);
    while (await(eddy_stream_read_some(x->input.stream, &rest)) > 0)
        ;
}

/* The handler of a WebSocket has returned. What the peer has done wrong is no failure of the handler. */
async(void, end_websocket, (struct exchange *, x), (eddy_error *, failure))
{
    eddy_error err;
    struct eddy_http_websocket *ws = x->websocket;
    eddy_error_keep(failure);
    defer(eddy_error_free, failure);
    bool is_clients = ws->failed && failure->code == ws->failed;
    x->refusal = ws->why;
    if (!await(websocket_finish(ws, failure->code), &err))
        await(part(x), &err);
    x->sent = ws->bytes;
    if (failure->code && !is_clients)
        rethrow(failure);
}

async(void, respond, (struct exchange *, x))
{
    eddy_error err;
    await(call_handler(x), &err);
    if (x->websocket) {
        await(end_websocket(x, &err));
        return;
    }
    if (!err.code)
        return;
    x->keeps = false;
    if (is_gone(err.code) && x->progress != SENT)
        rethrow(&err);
    eddy_error_keep(&err);
    defer(eddy_error_free, &err);
    await(after_failure(x, &err));
}

/* ==== a connection ==== */

static void write_log(struct exchange *x)
{
    const eddy_http_server_options *options = &x->server->options;
    if (!options->log)
        return;
    eddy_http_access access = {.request = x->readable ? &x->request : NULL,
                               .stream = x->input.stream,
                               .status = x->response.status,
                               .sent = x->headless ? 0 : x->sent,
                               .seconds = eddy_time() - x->since,
                               .refusal = x->refusal};
    options->log(&access, options->log_argument);
}

/* What is left of a body is dropped, so that the next request can be read. */
async(void, settle, (struct exchange *, x))
{
    eddy_error err = {0};
    bool ended = x->body.ended && x->readable;
    if (!ended && x->keeps)
        ended = await(body_drop(&x->body, MOST_DROPPED), &err);
    x->keeps &= ended && !err.code;
    if (!x->keeps && (!ended || input_size(&x->input)) && x->progress == SENT)
        await(part(x), &err);
}

/* Written also if the client goes away meanwhile. */
async(void, answer, (struct exchange *, x))
{
    defer(write_log, x);
    if (x->head.refused)
        await(exchange_refuse(x, x->head.refused, x->head.why));
    else
        await(respond(x));
}

async_define(void, server_serve, (eddy_stream *, s), (void *, argument))
{
    struct exchange x;
    exchange_open(&x, argument, s);
    defer(exchange_end, &x);
    do {
        if (!await(exchange_read(&x)))
            return;
        await(answer(&x));
        await(settle(&x));
    } while (x.keeps);
}
