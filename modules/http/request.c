/* SPDX-License-Identifier: MIT */
/* request.c - waiting for a request, reading its head, and what a handler asks of it. */
#define EDDY_LIBRARY
#include <string.h>
#include <strings.h>

#include "exchange.h"
#include "websocket.h"

enum { MOST_DROPPED = 8192 }; /* bytes of extensions and trailers of a body in chunks */

/* ==== life ==== */

void exchange_open(struct exchange *x, struct eddy_http_server *server, eddy_stream *s)
{
    memset(x, 0, offsetof(struct exchange, arena));
    x->server = server;
    x->input.stream = s;
    x->input.deadline = -1;
    arena_begin(&x->arena);
}

void exchange_reset(struct exchange *x)
{
    x->readable = false;
    x->progress = UNSENT;
    x->framing = BY_NOTHING;
    x->headless = false;
    x->failed = 0;
    x->refusal = NULL;
    x->sent = 0;
    x->keeps = false;
    websocket_free(x->websocket);
    x->websocket = NULL;
    x->head = (struct head){.length = -1};
    x->request = (eddy_http_request){.stream = x->input.stream};
    x->response = (eddy_http_response){.status = 200, .size = -1};
    eddy_buffer_free(&x->fields);
    eddy_buffer_free(&x->out);
    arena_end(&x->arena);
}

void exchange_end(struct exchange *x)
{
    exchange_reset(x);
    input_end(&x->input);
}

/* ==== the head ==== */

/* How long the client may take for its next bytes. */
static void set_patience(struct exchange *x, const struct head_search *search)
{
    const eddy_http_server_options *options = &x->server->options;
    bool begun = input_size(&x->input) > search->skipped;
    eddy_stream_set_idle(x->input.stream, !begun);
    if (!begun)
        input_set_deadline(&x->input, options->idle_seconds);
}

static void refuse_late(struct exchange *x)
{
    x->head.refused = 408;
    x->head.why = "the head did not arrive in time";
}

/* The next bytes of a head. False: there are none, or it took too long. */
async(bool, more_of_head, (struct exchange *, x), (struct head_search *, search))
{
    eddy_error err;
    bool begun = input_size(&x->input) > search->skipped;
    set_patience(x, search);
    size_t size = await(input_more(&x->input), &err);
    if (err.code == ETIMEDOUT && begun)
        refuse_late(x);
    if (err.code && err.code != ETIMEDOUT)
        rethrow(&err);
    eddy_stream_set_idle(x->input.stream, false);
    return !err.code && size;
}

/* The size of the next head; 0: there is none; -1: it is refused. */
async(int64_t, find_head, (struct exchange *, x), (struct head_search *, search))
{
    bool timed = false;
    for (;;) {
        size_t size = input_size(&x->input);
        int64_t found = size ? head_find(search, x->input.begin, size, &x->server->limits, &x->head) : 0;
        if (found)
            return found;
        if (size > search->skipped && !timed) {
            input_set_deadline(&x->input, x->server->options.head_seconds);
            timed = true;
        }
        if (!await(more_of_head(x, search)))
            return x->head.refused ? -1 : 0;
    }
}

static bool lack(struct exchange *x)
{
    x->head.refused = 503;
    x->head.why = "there is no memory for the head";
    return false;
}

static bool parse(struct exchange *x, const struct head_search *search, size_t size)
{
    struct input *in = &x->input;
    struct head_field *fields = arena_take(&x->arena, search->lines * sizeof *fields);
    char *text = arena_copy(&x->arena, in->begin + search->skipped, size);
    if (!fields || !text)
        return lack(x);
    in->begin += search->skipped + size;
    return head_read_request(&x->head, text, size, fields, &x->server->limits) &&
           target_read(&x->target, &x->head, &x->arena);
}

static void begin_body(struct exchange *x)
{
    const struct head *head = &x->head;
    enum body_kind kind = head->chunked ? BODY_CHUNKED : head->length > 0 ? BODY_SIZED : BODY_NONE;
    x->body = (struct eddy_http_body){.in = &x->input,
                                      .kind = kind,
                                      .left = kind == BODY_SIZED ? (uint64_t)head->length : 0,
                                      .chunks = {.limit = MOST_DROPPED},
                                      .ended = kind == BODY_NONE,
                                      .expected = head->expects && head->minor && kind != BODY_NONE,
                                      .seconds = x->server->options.body_seconds,
                                      .most = x->server->options.max_body,
                                      .arena = &x->arena,
                                      .packed = {"", 0},
                                      .pending = {"", 0}};
}

static void fill_request(struct exchange *x)
{
    const struct head *head = &x->head;
    x->request.method = head->method;
    x->request.path = x->target.path;
    x->request.query = x->target.query;
    x->request.target = head->target;
    x->request.host = x->target.host;
    x->request.version = 10 + head->minor;
    x->request.size = x->body.kind == BODY_CHUNKED ? -1 : (int64_t)x->body.left;
    x->request.fields = (const eddy_http_fields *)head;
    x->request.body = &x->body;
    x->request.argument = x->server->options.argument;
    x->headless = strcmp(head->method, "HEAD") == 0;
    x->keeps = !head->closes && (head->minor || head->keeps);
    x->readable = true;
}

async_define(bool, exchange_read, (struct exchange *, x))
{
    struct head_search search = {0};
    exchange_reset(x);
    int64_t size = await(find_head(x, &search));
    x->since = eddy_time();
    if (size > 0 && parse(x, &search, (size_t)size)) {
        begin_body(x);
        fill_request(x);
    }
    return size != 0;
}

/* ==== what a handler asks ==== */

const char *eddy_http_field(const eddy_http_fields *fields, const char *name)
{
    return head_value((const struct head *)fields, name, 0);
}

bool eddy_http_field_at(const eddy_http_fields *fields, size_t i, const char **name, const char **value)
{
    const struct head *head = (const struct head *)fields;
    if (i >= head->count)
        return false;
    *name = head->text + head->fields[i].name;
    *value = head->text + head->fields[i].value;
    return true;
}

static const struct exchange *exchange_of_request(const eddy_http_request *request)
{
    return (const struct exchange *)(const void *)request; /* its first member */
}

const char *eddy_http_param(const eddy_http_request *request, const char *name)
{
    return target_param(&exchange_of_request(request)->target, name);
}

/* A decoded copy of [text, text + size); NULL: it is not valid, or there is no memory. */
static const char *decoded(struct exchange *x, const char *text, size_t size)
{
    char *copy = arena_copy(&x->arena, text, size);
    return copy && target_decode(copy, size, true) >= 0 ? copy : NULL;
}

const char *eddy_http_query(eddy_http_request *request, const char *name)
{
    struct exchange *x = (struct exchange *)(uintptr_t)exchange_of_request(request);
    for (const char *at = request->query; at && *at;) {
        size_t size = strcspn(at, "&"), key = strcspn(at, "=&");
        const char *found = decoded(x, at, key);
        if (found && strcmp(found, name) == 0)
            return key < size ? decoded(x, at + key + 1, size - key - 1) : "";
        at += size + (at[size] == '&');
    }
    return NULL;
}
