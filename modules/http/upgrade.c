/* SPDX-License-Identifier: MIT */
/* upgrade.c - requests that become WebSockets: the server's answer to them, and the client's way to one. */
#define EDDY_LIBRARY
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "exchange.h"
#include "handshake.h"
#include "websocket.h"

static eddy_http_websocket_options options_of(const eddy_http_websocket_options *given, size_t size)
{
    eddy_http_websocket_options options = {0};
    if (given)
        memcpy(&options, given, size < sizeof options ? size : sizeof options);
    return options;
}

/* ==== the server's side ==== */

/* A page of another site must not speak for the user who looks at it. */
static bool is_foreign(const struct exchange *x)
{
    const char *origin = head_value(&x->head, "Origin", 0), *host = origin ? strstr(origin, "://") : NULL;
    return origin && (!host || strcasecmp(host + 3, x->request.host) != 0);
}

/* NULL: it asks for a WebSocket, and may have it. */
static const char *fault_of(const struct exchange *x, const eddy_http_websocket_options *options, int *status)
{
    const char *upgrade = head_value(&x->head, "Upgrade", 0),
               *version = head_value(&x->head, "Sec-WebSocket-Version", 0),
               *key = head_value(&x->head, "Sec-WebSocket-Key", 0);
    *status = 426;
    if (!x->head.upgrades || !upgrade || !head_has_word(upgrade, "websocket") || x->request.version < 11)
        return "the request does not ask for a WebSocket";
    if (!version || strcmp(version, "13") != 0)
        return "the version of WebSocket is not 13";
    *status = 400;
    if (strcmp(x->request.method, "GET") != 0 || !x->body.ended)
        return "a WebSocket begins with a GET without a body";
    if (!key || !handshake_is_key(key) || head_value(&x->head, "Sec-WebSocket-Key", 1))
        return "the Sec-WebSocket-Key is not valid";
    *status = 403;
    return !options->any_origin && is_foreign(x) ? "the Origin is another site" : NULL;
}

async(void, refuse, (struct exchange *, x), (int, status), (const char *, why))
{
    x->body.refused = status;
    x->body.why = why;
    if (status == 426) {
        eddy_http_add_field(&x->response, "Upgrade", "websocket");
        eddy_http_add_field(&x->response, "Sec-WebSocket-Version", "13");
    }
    throw(EBADMSG, "eddy_http_websocket_accept: %s", why);
}

async(void, send_switch, (struct exchange *, x), (const char *, protocol), (size_t, size))
{
    static const char first[] = "HTTP/1.1 101 Switching Protocols\r\n";
    char answer[ANSWER_ROOM], text[200];
    handshake_answer(head_value(&x->head, "Sec-WebSocket-Key", 0), answer);
    int length = snprintf(text, sizeof text,
                          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s", answer,
                          size ? "Sec-WebSocket-Protocol: " : "");
    const eddy_slice parts[] = {{first, sizeof first - 1}, stamp_of(x->server),   {text, (size_t)length},
                                {protocol, size},          {"\r\n", size ? 2 : 0}, {x->fields.data, x->fields.size},
                                {"\r\n", 2}};
    input_set_deadline(&x->input, x->server->options.send_seconds);
    await(eddy_stream_writev(x->input.stream, parts, sizeof parts / sizeof *parts));
}

async_define(eddy_http_websocket *, eddy_http_websocket_accept_with, (eddy_http_request *, request),
             (eddy_http_response *, response), (const eddy_http_websocket_options *, given), (size_t, given_size))
{
    struct exchange *x = exchange_of(response);
    eddy_http_websocket_options options = options_of(given, given_size);
    const char *theirs = head_value(&x->head, "Sec-WebSocket-Protocol", 0), *protocol = "";
    int status, error;
    if (x->progress != UNSENT || x->failed)
        throw(EDDY_INVALID_STATE, "eddy_http_websocket_accept: the response has begun already, or has failed");
    const char *fault = fault_of(x, &options, &status);
    if (fault)
        await(refuse(x, status, fault));
    size_t size = options.protocols && theirs ? handshake_agree(options.protocols, theirs, &protocol) : 0;
    x->websocket = websocket_new(request->body->in, &options, x->server->listening, protocol, size, &error);
    if (!x->websocket)
        throw(error, error == ENOSYS ? "eddy-http was built without libwslay, which WebSocket needs"
                                     : "memory for a WebSocket");
    x->response.status = 101;
    x->keeps = false;
    x->progress = SENT;
    x->websocket->failed = ECONNRESET; /* no frame may be sent before that answer */
    await(send_switch(x, protocol, size));
    x->websocket->failed = 0;
    return x->websocket;
}

/* ==== the client's side ==== */

/* The URL with http for ws. */
static char *url_of(const char *url)
{
    bool is_ws = strncasecmp(url, "ws:", 3) == 0 || strncasecmp(url, "wss:", 4) == 0;
    char *copy;
    return asprintf(&copy, "%s%s", is_ws ? "http" : "", is_ws ? url + 2 : url) < 0 ? NULL : copy;
}

/* NULL: the server speaks WebSocket. */
static const char *fault_of_reply(const struct head *head, const char *key, const char *protocols)
{
    char answer[ANSWER_ROOM];
    const char *upgrade = head_value(head, "Upgrade", 0), *accept = head_value(head, "Sec-WebSocket-Accept", 0),
               *protocol = head_value(head, "Sec-WebSocket-Protocol", 0), *word;
    handshake_answer(key, answer);
    if (!head->upgrades || !upgrade || strcasecmp(upgrade, "websocket") != 0)
        return "the reply changes to another protocol";
    if (!accept || strcmp(accept, answer) != 0)
        return "the Sec-WebSocket-Accept is wrong";
    if (head_value(head, "Sec-WebSocket-Extensions", 0))
        return "the reply has an extension that was not asked for";
    if (protocol && (!protocols || handshake_agree(protocol, protocols, &word) != strlen(protocol)))
        return "the reply has a protocol that was not asked for";
    return NULL;
}

async(struct reply *, ask, (eddy_http_client *, client), (const char *, url), (const char *, key),
      (const eddy_http_websocket_options *, options))
{
    const eddy_http_call call = {.fields = options->fields};
    char *lines = NULL, *place = url_of(url);
    defer(free, place);
    const char *protocols = options->protocols;
    if (asprintf(&lines, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: %s\r\n%s%s%s", key, protocols ? "Sec-WebSocket-Protocol: " : "",
                 protocols ? protocols : "", protocols ? "\r\n" : "") < 0)
        lines = NULL;
    defer(free, lines);
    if (!place || !lines)
        throw(ENOMEM, "memory for a request");
    return await(call_upgrade(client, place, &call, lines));
}

static void free_unless_taken(struct reply **reply)
{
    if (*reply)
        eddy_http_reply_free(&(*reply)->public);
}

async_define(eddy_http_websocket *, eddy_http_websocket_open_with, (eddy_http_client *, client), (const char *, url),
             (const eddy_http_websocket_options *, given), (size_t, given_size))
{
    eddy_http_websocket_options options = options_of(given, given_size);
    char key[KEY_ROOM];
    int error;
    if (options.protocols && !head_is_value(options.protocols, strlen(options.protocols)))
        throw(EINVAL, "eddy_http_websocket_open: the protocols have a character that no field may have");
    if (!handshake_make_key(key))
        throw(EIO, "eddy_http_websocket_open: the system gives no random bytes");
    struct reply *reply = await(ask(client, url, key, &options));
    defer(free_unless_taken, &reply);
    if (reply->head.status != 101)
        throw(EDDY_HTTP_FAILED, "%s answered %d %s instead of opening a WebSocket", reply->url.text, reply->head.status,
              reply->head.reason);
    const char *fault = fault_of_reply(&reply->head, key, options.protocols);
    if (fault)
        throw(EBADMSG, "%s: %s", reply->url.place, fault);
    const char *protocol = head_value(&reply->head, "Sec-WebSocket-Protocol", 0);
    struct eddy_http_websocket *ws = websocket_new(&reply->link->input, &options, NULL, protocol ? protocol : "",
                                                   protocol ? strlen(protocol) : 0, &error);
    if (!ws)
        throw(error, error == ENOSYS ? "eddy-http was built without libwslay, which WebSocket needs"
                                     : "memory for a WebSocket");
    ws->reply = reply;
    reply = NULL;
    return ws;
}

async_free(eddy_http_websocket_open_with, eddy_http_websocket_free);
