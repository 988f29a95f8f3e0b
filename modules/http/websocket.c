/* SPDX-License-Identifier: MIT */
/* websocket.c - messages over a WebSocket; see websocket.h. */
#define EDDY_LIBRARY
#include "websocket.h"

#include <math.h>
#include <string.h>

#include "client.h"

enum {
    PIECE = 256 * 1024,    /* bytes that the peer must take within send_seconds */
    MOST_ANSWERS = 65536   /* bytes of answers to pings that a receive leaves to the task that sends */
};

/* ==== life ==== */

static double or_seconds(double value, double otherwise)
{
    return value > 0 ? value : otherwise;
}

static void fill_options(eddy_http_websocket_options *options)
{
    if (!options->max_message)
        options->max_message = 1 << 20;
    options->idle_seconds = or_seconds(options->idle_seconds, 60);
    options->send_seconds = or_seconds(options->send_seconds, 60);
    options->close_seconds = or_seconds(options->close_seconds, 2);
}

struct eddy_http_websocket *websocket_new(struct input *in, const eddy_http_websocket_options *options,
                                          eddy_server *server, const char *protocol, size_t size, int *error)
{
    struct eddy_http_websocket *ws = calloc(1, sizeof *ws);
    *error = ENOMEM;
    if (!ws)
        return NULL;
    ws->in = in;
    ws->server = server;
    ws->read_deadline = INFINITY;
    ws->options = *options;
    fill_options(&ws->options);
    ws->protocol = strndup(protocol, size);
    if (ws->protocol)
        *error = frames_open(&ws->frames, server != NULL, ws->options.max_message);
    if (!*error)
        return ws;
    websocket_free(ws);
    return NULL;
}

void websocket_free(struct eddy_http_websocket *ws)
{
    if (!ws)
        return;
    frames_close(&ws->frames);
    eddy_buffer_free(&ws->sending);
    free(ws->current);
    free(ws->protocol);
    if (ws->reply)
        eddy_http_reply_free(&ws->reply->public);
    free(ws);
}

void eddy_http_websocket_free(eddy_http_websocket *ws)
{
    if (ws && ws->reply)
        websocket_free(ws);
}

static int fail(struct eddy_http_websocket *ws, int code, const char *why)
{
    if (!ws->failed) {
        ws->failed = code;
        ws->why = why;
    }
    return code;
}

/* ==== time ==== */

/* A peer that takes bytes is alive: while a write waits, its limit alone counts. */
static void set_deadline(struct eddy_http_websocket *ws)
{
    double when = ws->writing ? ws->write_deadline : ws->read_deadline;
    if (when == ws->in->deadline)
        return;
    ws->in->deadline = when;
    eddy_stream_set_deadline(ws->in->stream, when);
}

/* ==== sending ==== */

/* The bytes that are next. False: there are none. */
static bool next_piece(struct eddy_http_websocket *ws, eddy_slice *piece)
{
    if (ws->sent == ws->sending.size) {
        eddy_buffer_free(&ws->sending);
        ws->sending = ws->frames.out;
        ws->frames.out = (eddy_buffer){0};
        ws->sent = ws->answers = 0;
    }
    size_t size = ws->sending.size - ws->sent;
    if (size) /* an empty buffer's data is NULL, to which nothing may be added */
        *piece = (eddy_slice){ws->sending.data + ws->sent, size < PIECE ? size : PIECE};
    return size != 0;
}

struct write {
    struct eddy_http_websocket *ws;
    size_t size;
    bool done; /* all of it was sent */
};

/* What a write that was cut short has left is sent by the next one. */
static void end_write(struct write *write)
{
    struct eddy_http_websocket *ws = write->ws;
    size_t sent = write->done ? write->size : eddy_stream_sent(ws->in->stream);
    eddy_stream_continue(ws->in->stream);
    ws->sent += sent;
    ws->bytes += sent;
    ws->writing = false;
    set_deadline(ws);
}

async(void, write_piece, (struct eddy_http_websocket *, ws), (eddy_slice, piece))
{
    eddy_error err;
    struct write write = {ws, piece.size, false};
    ws->write_deadline = eddy_time() + ws->options.send_seconds;
    ws->writing = true;
    set_deadline(ws);
    defer(end_write, &write);
    await(eddy_stream_write(ws->in->stream, piece.data, piece.size), &err);
    write.done = !err.code;
    if (err.code && err.code != ECANCELED)
        fail(ws, err.code, "the peer takes no more");
    if (err.code)
        rethrow(&err);
}

/* Sends what waits. Several tasks may do so. */
async(void, flush, (struct eddy_http_websocket *, ws))
{
    eddy_slice piece;
    await(eddy_lock_acquire(&ws->lock));
    defer(eddy_lock_release, &ws->lock);
    while (!ws->failed && next_piece(ws, &piece))
        await(write_piece(ws, piece));
}

/* For a receive, which must not wait for a peer that waits for this side to read: what others have left is theirs to
 * send, and answers go with it. A peer that sends pings and reads nothing has to wait. */
async(void, flush_answers, (struct eddy_http_websocket *, ws))
{
    bool is_others = eddy_lock_locked(&ws->lock) || ws->sent < ws->sending.size ||
                     ws->frames.out.size > ws->answers;
    if (ws->answers && (!is_others || ws->answers > MOST_ANSWERS))
        await(flush(ws));
}

async(void, send_message, (struct eddy_http_websocket *, ws), (bool, text), (const void *, data), (size_t, size))
{
    if (ws->failed)
        throw(ws->failed, "the WebSocket has failed");
    int error = frames_add(&ws->frames, text, data, size);
    if (error)
        throw(error, error == EPIPE ? "the WebSocket is closed" : "memory for a message");
    await(flush(ws));
}

async_define(void, eddy_http_websocket_send, (eddy_http_websocket *, ws), (const char *, text))
{
    await(eddy_http_websocket_send_text(ws, text, strlen(text)));
}

async_define(void, eddy_http_websocket_send_text, (eddy_http_websocket *, ws), (const char *, text), (size_t, size))
{
    if (!utf8_is_valid(text, size))
        throw(EINVAL, "eddy_http_websocket_send_text: the text is not UTF-8 (..._send_bytes takes all bytes)");
    await(send_message(ws, true, text, size));
}

async_define(void, eddy_http_websocket_send_bytes, (eddy_http_websocket *, ws), (const void *, data), (size_t, size))
{
    await(send_message(ws, false, data, size));
}

async_define(void, eddy_http_websocket_ping, (eddy_http_websocket *, ws))
{
    if (ws->failed)
        throw(ws->failed, "the WebSocket has failed");
    int error = frames_add_ping(&ws->frames);
    if (error)
        throw(error, error == EPIPE ? "the WebSocket is closed" : "memory for a ping");
    await(flush(ws));
}

/* ==== receiving ==== */

/* At half of its time a silent peer gets a ping; if it does not answer that, it is given up. */
async(size_t, wait_for_bytes, (struct eddy_http_websocket *, ws))
{
    eddy_error err;
    for (bool asked = false;; asked = true) {
        ws->read_deadline = eddy_time() + ws->options.idle_seconds / 2;
        set_deadline(ws);
        eddy_stream_set_idle(ws->in->stream, true);
        size_t size = await(input_more(ws->in), &err);
        eddy_stream_set_idle(ws->in->stream, false);
        if (!err.code)
            return size;
        if (err.code != ETIMEDOUT || asked || ws->writing)
            break;
        size_t before = ws->frames.out.size;
        (void)frames_add_ping(&ws->frames); /* a peer that has no ping to answer is given up */
        ws->answers += ws->frames.out.size - before;
        await(flush_answers(ws));
    }
    if (err.code != ECANCELED)
        fail(ws, err.code, err.code == ETIMEDOUT ? "the peer is silent" : "the connection has broken");
    rethrow(&err);
}

/* The rest of a send that was cancelled, and the frames after it. */
static bool has_rest(const struct eddy_http_websocket *ws)
{
    return !eddy_lock_locked(&ws->lock) && (ws->sent < ws->sending.size || ws->frames.out.size > 0);
}

/* Nobody else may send it, and the peer may wait for the end of that frame, or for the answer to a ping after it. */
async(size_t, wait_and_send, (struct eddy_http_websocket *, ws))
{
    eddy_error err, ending;
    __auto_type rest = spawn(flush(ws));
    size_t size = await(wait_for_bytes(ws), &err);
    eddy_cancel(rest);
    await(rest, &ending);
    if (err.code)
        rethrow(&err);
    return size;
}

/* The server ends: the peer is told, and whoever receives sees the end. */
async(void, leave, (struct eddy_http_websocket *, ws))
{
    ws->left = true;
    ws->frames.code = CLOSE_AWAY;
    if (frames_add_close(&ws->frames, CLOSE_AWAY, "") == 0)
        await(flush(ws));
}

static bool is_ending(const struct eddy_http_websocket *ws)
{
    return ws->server && eddy_server_closing(ws->server);
}

static const char *fault_of(int code)
{
    return code == EMSGSIZE  ? "a message is larger than max_message"
           : code == EBADMSG ? "the peer breaks the rules of WebSocket"
                             : "memory for a message";
}

/* Hands what has arrived to frames.c, and sends the answers to pings and the like. */
async(void, take_bytes, (struct eddy_http_websocket *, ws))
{
    struct input *in = ws->in;
    eddy_error err;
    size_t before = ws->frames.out.size;
    int error = frames_take(&ws->frames, &in->begin, in->end);
    ws->answers += ws->frames.out.size - before;
    await(flush_answers(ws), &err);
    if (err.code && (err.code == ECANCELED || !ws->frames.ended)) /* a peer that has closed need not read the answer */
        rethrow(&err);
    if (error)
        throw(fail(ws, error, fault_of(error)), "%s", fault_of(error));
}

async(void, receive_more, (struct eddy_http_websocket *, ws))
{
    if (ws->failed)
        throw(ws->failed, "the WebSocket has failed");
    bool sends = has_rest(ws), waits = input_size(ws->in) == 0;
    if (waits && (sends ? await(wait_and_send(ws)) : await(wait_for_bytes(ws))) == 0) {
        if (!is_ending(ws))
            throw(fail(ws, EDDY_INCOMPLETE_READ, "the connection has ended without a close"),
                  "the connection of the WebSocket has ended without a close");
        await(leave(ws));
        return;
    }
    await(take_bytes(ws));
}

static void clear(bool *flag)
{
    *flag = false;
}

async_define(bool, eddy_http_websocket_receive, (eddy_http_websocket *, ws), (eddy_http_message *, message))
{
    if (ws->reading)
        throw(EDDY_INVALID_STATE, "eddy_http_websocket_receive: another task receives already");
    ws->reading = true;
    defer(clear, &ws->reading);
    free(ws->current);
    while (!(ws->current = frames_next(&ws->frames))) {
        if (ws->frames.ended || ws->left)
            return false;
        await(receive_more(ws));
    }
    *message = (eddy_http_message){ws->current->data, ws->current->size, ws->current->text};
    return true;
}

eddy_async_generator(eddy_http_message, receive_all, (eddy_http_websocket *, ws))
{
    eddy_http_message message;
    while (eddy_await(eddy_http_websocket_receive(ws, &message)))
        eddy_yield(message);
}

_Static_assert(sizeof(struct eddy_http_messages) == sizeof(struct receive_all) &&
                   offsetof(struct eddy_http_messages, value) == offsetof(struct receive_all, value) &&
                   offsetof(struct eddy_http_messages, args) == offsetof(struct receive_all, args),
               "the public struct is the generator's own");

struct eddy_http_messages eddy_http_messages(eddy_http_websocket *ws)
{
    struct receive_all inner = receive_all(ws);
    struct eddy_http_messages outer;
    memcpy(&outer, &inner, sizeof outer);
    return outer;
}

/* ==== the end ==== */

async(void, drain, (struct eddy_http_websocket *, ws))
{
    eddy_http_message message;
    while (await(eddy_http_websocket_receive(ws, &message)))
        ;
}

/* Waits for the close of the peer, unless another task receives it. */
async(void, await_close, (struct eddy_http_websocket *, ws))
{
    eddy_error err;
    if (ws->reading || ws->frames.ended || ws->left || ws->failed)
        return;
    await_for(drain(ws), ws->options.close_seconds, &err);
    if (err.code == ECANCELED)
        rethrow(&err);
}

/* RFC 6455, 7.4: codes that a program may send. */
static bool is_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
}

async_define(void, eddy_http_websocket_close, (eddy_http_websocket *, ws), (int, code), (const char *, reason))
{
    size_t size = reason ? strlen(reason) : 0;
    if (!ws)
        return;
    if (!is_code(code) || size > 123 || !utf8_is_valid(reason ? reason : "", size))
        throw(EINVAL, "eddy_http_websocket_close: %s", is_code(code) ? "the reason is not UTF-8 of at most 123 bytes"
                                                                    : "a program cannot send this code");
    if (ws->failed)
        return;
    if (frames_add_close(&ws->frames, code, reason ? reason : "") == ENOMEM)
        throw(fail(ws, ENOMEM, "memory for a close"), "memory for a close");
    await(flush(ws));
    await(await_close(ws));
}

async_define(bool, websocket_finish, (struct eddy_http_websocket *, ws), (int, code))
{
    eddy_error err;
    int close = is_ending(ws) ? CLOSE_AWAY : code ? CLOSE_FAILED : CLOSE_NORMAL;
    await(eddy_http_websocket_close(ws, close, NULL), &err);
    return ws->frames.ended && !err.code;
}

/* ==== facts ==== */

int eddy_http_websocket_code(const eddy_http_websocket *ws)
{
    return ws->frames.code;
}

const char *eddy_http_websocket_reason(const eddy_http_websocket *ws)
{
    return ws->frames.reason;
}

const char *eddy_http_websocket_protocol(const eddy_http_websocket *ws)
{
    return ws->protocol;
}
