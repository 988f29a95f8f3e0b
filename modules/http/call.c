/* SPDX-License-Identifier: MIT */
/* call.c - a request of the client, from its URL to the head of the reply. */
#define EDDY_LIBRARY
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client.h"

enum {
    PIECE = 256 * 1024,     /* bytes that a server must take within send_seconds */
    MOST_DROPPED = 65536,   /* of the body of a redirect, to keep the connection */
    MOST_INTERIM = 10,      /* replies like 100 and 103 before the real one */
    MOST_TRAILERS = 8192
};

static const struct head_limits limits = {.line = 8192, .size = 65535, .fields = 200};

struct eddy_http_upload {
    struct input *input;
    double seconds;
    bool chunked;
    int64_t left;        /* bytes that are still owed, unless it is chunked */
    int failed;          /* by which a write has failed: what follows would be read as something else; 0: none has */
};

/* ==== the life of a reply ==== */

static struct reply *reply_of(eddy_http_reply *public)
{
    return (struct reply *)(void *)public;
}

static void drop_link(struct reply *reply)
{
    bool whole = reply->body.ended && reply->body.pending.size == 0;
    if (reply->link && reply->keeps && whole)
        link_give_back(reply->client, reply->link);
    else
        link_free(reply->link);
    reply->link = NULL;
}

void eddy_http_reply_free(eddy_http_reply *public)
{
    if (!public)
        return;
    struct reply *reply = reply_of(public);
    eddy_http_client *client = reply->client;
    drop_link(reply);
    inflater_free(reply->body.inflater);
    arena_end(&reply->arena);
    url_free(&reply->url);
    free(reply);
    client->replies--;
    client_settle(client);
}

static void free_unless_taken(struct reply **reply)
{
    if (*reply)
        eddy_http_reply_free(&(*reply)->public);
}

static struct reply *reply_new(eddy_http_client *client)
{
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply) {
        reply->client = client;
        arena_begin(&reply->arena);
        client->replies++;
    }
    return reply;
}

/* ==== the request ==== */

static const char *method_of(const eddy_http_call *call)
{
    return call->method ? call->method : call->body || call->source ? "POST" : "GET";
}

/* A line "Name: value" of the caller's; those that the client writes itself are refused. */
static bool is_field(const char *line)
{
    static const char *const ours[] = {"content-length", "transfer-encoding", "connection", "host"};
    size_t name = strcspn(line, ":");
    if (!line[name] || !head_is_token(line, name) || !head_is_value(line + name + 1, strlen(line + name + 1)))
        return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == name && strncasecmp(line, ours[i], name) == 0)
            return false;
    return true;
}

/* A server that a redirect leads to is another one: it gets no secrets. */
static bool is_secret(const char *line)
{
    return strncasecmp(line, "authorization:", 14) == 0 || strncasecmp(line, "cookie:", 7) == 0 ||
           strncasecmp(line, "proxy-authorization:", 20) == 0;
}

static bool put(eddy_buffer *head, const char *a, const char *b, const char *c)
{
    return eddy_buffer_append(head, a, strlen(a)) && eddy_buffer_append(head, b, strlen(b)) &&
           eddy_buffer_append(head, c, strlen(c));
}

static bool put_size(eddy_buffer *head, const eddy_http_call *call)
{
    char number[32];
    bool puts = strcmp(method_of(call), "POST") == 0 || strcmp(method_of(call), "PUT") == 0;
    bool sends = call->body || call->source || puts;
    if (call->source && call->size == 0)
        return put(head, "Transfer-Encoding: chunked\r\n", "", "");
    snprintf(number, sizeof number, "%zu", call->size);
    return !sends || put(head, "Content-Length: ", number, "\r\n");
}

static bool put_fields(eddy_buffer *head, const eddy_http_call *call, bool is_foreign)
{
    for (const char *const *line = call->fields; line && *line; line++)
        if ((!is_foreign || !is_secret(*line)) && !put(head, *line, "\r\n", ""))
            return false;
    return true;
}

static bool make_head(eddy_buffer *head, const struct reply *reply, const eddy_http_call *call)
{
    const eddy_http_client_options *options = &reply->client->options;
    const struct url *url = &reply->url;
    bool is_foreign = !url_same_origin(url, &reply->client->base);
    return put(head, method_of(call), " ", url->target) && put(head, " HTTP/1.1\r\nHost: ", url->place, "\r\n") &&
           (!*options->agent || put(head, "User-Agent: ", options->agent, "\r\n")) &&
           (options->plain || put(head, "Accept-Encoding: gzip\r\n", "", "")) && put_size(head, call) &&
           put_fields(head, call, is_foreign) &&
           put(head, reply->upgrade ? reply->upgrade : "", "\r\n", "");
}

/* ==== sending it ==== */

async(void, send_bytes, (struct input *, in), (const char *, data), (size_t, size), (double, seconds))
{
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done < PIECE ? size - done : PIECE;
        input_set_deadline(in, seconds);
        await(eddy_stream_write(in->stream, data + done, piece));
    }
}

async(void, check_upload, (eddy_http_upload *, upload))
{
    if (upload->failed)
        throw(upload->failed, "a part of the request could not be sent");
}

async(void, write_upload, (eddy_http_upload *, upload), (const void *, data), (size_t, size))
{
    char line[20];
    if (!upload->chunked) {
        upload->left -= (int64_t)size;
        await(send_bytes(upload->input, data, size, upload->seconds));
        return;
    }
    size_t length = (size_t)snprintf(line, sizeof line, "%zx\r\n", size);
    const eddy_slice parts[] = {{line, length}, {data, size}, {"\r\n", 2}};
    input_set_deadline(upload->input, upload->seconds);
    await(eddy_stream_writev(upload->input->stream, parts, 3));
}

async_define(void, eddy_http_upload_write, (eddy_http_upload *, upload), (const void *, data), (size_t, size))
{
    eddy_error err;
    await(check_upload(upload));
    if (size == 0)
        return;
    if (!upload->chunked && (uint64_t)upload->left < size) /* nothing is sent: the request is not harmed */
        throw(EMSGSIZE, "the source gives more than the size of the call");
    await_always(write_upload(upload, data, size), &err);
    if (!err.code)
        return;
    upload->failed = err.code == ECANCELED ? EDDY_WRITE_CUT : err.code;
    rethrow(&err);
}

async(void, send_source, (struct reply *, reply), (const eddy_http_call *, call))
{
    eddy_http_upload upload = {.input = &reply->link->input, .seconds = reply->client->options.send_seconds,
                               .chunked = call->size == 0, .left = (int64_t)call->size};
    await(call->source(&upload, call->argument));
    await(check_upload(&upload)); /* the source may have gone on nevertheless */
    if (!upload.chunked && upload.left)
        throw(EDDY_INCOMPLETE_READ, "the source of the body ended %lld bytes before the announced length",
              (long long)upload.left);
    if (upload.chunked)
        await(send_bytes(upload.input, "0\r\n\r\n", 5, upload.seconds));
}

async(void, send_request, (struct reply *, reply), (const eddy_http_call *, call))
{
    eddy_buffer head = {0};
    struct input *in = &reply->link->input;
    defer(eddy_buffer_free, &head);
    if (!make_head(&head, reply, call))
        throw(ENOMEM, "memory for a request");
    const eddy_slice parts[] = {{head.data, head.size}, {call->body, call->source ? 0 : call->size}};
    double seconds = reply->client->options.send_seconds;
    input_set_deadline(in, seconds);
    if (head.size + parts[1].size <= PIECE) {
        await(eddy_stream_writev(in->stream, parts, parts[1].size ? 2 : 1));
    } else {
        await(send_bytes(in, head.data, head.size, seconds));
        await(send_bytes(in, parts[1].data, parts[1].size, seconds));
    }
    if (call->source)
        await(send_source(reply, call));
}

/* ==== the head of the reply ==== */

async(size_t, find_head, (struct reply *, reply), (struct head_search *, search))
{
    struct input *in = &reply->link->input;
    for (;;) {
        size_t size = input_size(in);
        int64_t found = size ? head_find(search, in->begin, size, &limits, &reply->head) : 0;
        if (found < 0)
            throw(EBADMSG, "the reply of %s: %s", reply->url.place, reply->head.why);
        if (found)
            return (size_t)found;
        if (await(input_more(in)) == 0)
            throw(EDDY_INCOMPLETE_READ, "%s has closed the connection", reply->url.place);
    }
}

async(void, read_head, (struct reply *, reply))
{
    struct head_search search = {0};
    size_t size = await(find_head(reply, &search));
    struct input *in = &reply->link->input;
    struct head_field *fields = arena_take(&reply->arena, search.lines * sizeof *fields);
    char *text = arena_copy(&reply->arena, in->begin + search.skipped, size);
    if (!fields || !text)
        throw(ENOMEM, "memory for the head of a reply");
    in->begin += search.skipped + size;
    if (!head_read_response(&reply->head, text, size, fields, &limits))
        throw(EBADMSG, "the reply of %s: %s", reply->url.place, reply->head.why);
    if (reply->head.status == 101 && !reply->upgrade)
        throw(EBADMSG, "%s changes to a protocol that was not asked for", reply->url.place);
}

static enum body_kind kind_of(const struct head *head, const char *method)
{
    if (strcmp(method, "HEAD") == 0 || head->status == 204 || head->status == 304 || head->status == 101)
        return BODY_NONE;
    if (head->chunked)
        return BODY_CHUNKED;
    return head->length > 0 ? BODY_SIZED : head->length == 0 ? BODY_NONE : BODY_TO_THE_END;
}

static bool is_packed(const struct reply *reply, enum body_kind kind)
{
    const char *coding = head_value(&reply->head, "Content-Encoding", 0);
    return kind != BODY_NONE && !reply->client->options.plain && coding &&
           (strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0);
}

/* False: no memory. */
static bool begin_body(struct reply *reply, const char *method)
{
    const struct head *head = &reply->head;
    enum body_kind kind = kind_of(head, method);
    bool packed = is_packed(reply, kind);
    reply->keeps = !head->closes && (head->minor || head->keeps) && kind != BODY_TO_THE_END &&
                   head->status != 101;
    reply->body = (struct eddy_http_body){.in = &reply->link->input,
                                          .kind = kind,
                                          .left = kind == BODY_SIZED ? (uint64_t)head->length : 0,
                                          .chunks = {.limit = MOST_TRAILERS},
                                          .ended = kind == BODY_NONE,
                                          .seconds = reply->client->options.body_seconds,
                                          .most = reply->client->options.max_body,
                                          .inflater = packed ? inflater_new() : NULL,
                                          .arena = &reply->arena,
                                          .packed = {"", 0},
                                          .pending = {"", 0}};
    return !packed || reply->body.inflater;
}

static void fill_public(struct reply *reply)
{
    eddy_http_reply *public = &reply->public;
    public->status = reply->head.status;
    public->reason = reply->head.reason;
    public->version = 10 + reply->head.minor;
    public->size = reply->body.inflater || (reply->body.kind != BODY_SIZED && reply->body.kind != BODY_NONE)
                       ? -1 : (int64_t)reply->body.left;
    public->url = reply->url.text;
    public->fields = (const eddy_http_fields *)&reply->head;
    public->body = &reply->body;
}

async(void, read_reply, (struct reply *, reply), (const char *, method))
{
    int interim = 0;
    input_set_deadline(&reply->link->input, reply->client->options.head_seconds);
    do {
        await(read_head(reply));
        if (interim++ > MOST_INTERIM)
            throw(EBADMSG, "%s sends interim replies without end", reply->url.place);
    } while (reply->head.status < 200 && reply->head.status != 101);
    if (!begin_body(reply, method))
        throw(ENOMEM, "memory for the body of a reply");
    fill_public(reply);
}

/* ==== one request, and the next one if the reply is a redirect ==== */

static bool is_gone(int code)
{
    return code == EPIPE || code == ECONNRESET || code == EDDY_INCOMPLETE_READ;
}

/* A server may answer before it has read all, and close: then writing fails, and there is a reply. */
async(void, exchange, (struct reply *, reply), (const eddy_http_call *, call))
{
    eddy_error failed, err = {0};
    await(send_request(reply, call), &failed);
    if (failed.code && !(is_gone(failed.code) || failed.code == ETIMEDOUT))
        rethrow(&failed);
    bool cut = failed.code != 0;
    await(read_reply(reply, method_of(call)), &err);
    if (is_gone(err.code))
        throw(EDDY_INCOMPLETE_READ, "%s has closed the connection", reply->url.place);
    if (err.code)
        rethrow(&err);
    reply->keeps &= !cut;
}

/* The server may have closed a connection that was idle: the request is sent once more, unless that might do twice what
 * it asks for. */
static bool may_repeat(const struct reply *reply, const eddy_http_call *call, int code)
{
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    if (!reply->link->is_used || call->source || !is_gone(code) || input_size(&reply->link->input) || reply->head.text)
        return false;
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        if (strcmp(method_of(call), safe[i]) == 0)
            return true;
    return false;
}

async(void, request, (struct reply *, reply), (const eddy_http_call *, call))
{
    eddy_error err;
    reply->link = await(link_open(reply->client, &reply->url, false));
    await(exchange(reply, call), &err);
    if (!err.code)
        return;
    if (!may_repeat(reply, call, err.code))
        rethrow(&err);
    link_free(reply->link);
    reply->link = NULL;
    reply->link = await(link_open(reply->client, &reply->url, true));
    await(exchange(reply, call));
}

/* The URL that the reply sends the client to; NULL: it does not, or the caller has to decide. */
static const char *redirect_of(const struct reply *reply, const eddy_http_call *call)
{
    int status = reply->head.status;
    bool again = status == 307 || status == 308;
    if (reply->client->options.max_redirects < 0 || (status != 301 && status != 302 && status != 303 && !again))
        return NULL;
    return again && call->source ? NULL : head_value(&reply->head, "Location", 0);
}

/* What is asked for at the other place: RFC 9110, 15.4. */
static void change_call(eddy_http_call *call, int status)
{
    bool posts = strcmp(method_of(call), "POST") == 0;
    if ((status == 303 && strcmp(method_of(call), "HEAD") != 0) || ((status == 301 || status == 302) && posts)) {
        call->method = "GET";
        call->body = NULL;
        call->source = NULL;
        call->size = 0;
    }
}

/* Makes the reply ready for the request to the next place. */
async(void, follow, (struct reply *, reply), (const char *, place))
{
    eddy_error err;
    struct url next;
    int error = url_make(&next, &reply->url, place);
    if (error || (reply->url.secure && !next.secure)) {
        url_free(&next);
        throw(error == ENOMEM ? ENOMEM : EBADMSG, "%s redirects to \"%.200s\"", reply->url.place, place);
    }
    url_free(&reply->url);
    reply->url = next;
    await(body_drop(&reply->body, MOST_DROPPED), &err);
    drop_link(reply);
    inflater_free(reply->body.inflater);
    reply->body = (struct eddy_http_body){0};
    reply->head = (struct head){0};
    arena_end(&reply->arena);
    reply->public.redirects++;
}

static const char *fault_of(const eddy_http_call *call)
{
    if (!head_is_token(method_of(call), strlen(method_of(call))) || strcmp(method_of(call), "CONNECT") == 0)
        return "the method is not valid";
    for (const char *const *line = call->fields; line && *line; line++)
        if (!is_field(*line))
            return "a field is not valid, or is one of the client's";
    return NULL;
}

async_define(struct reply *, call_upgrade, (eddy_http_client *, client), (const char *, url),
             (const eddy_http_call *, given), (const char *, lines))
{
    eddy_http_call call = *given;
    struct reply *reply = reply_new(client);
    defer(free_unless_taken, &reply);
    const char *fault = fault_of(&call), *place;
    int error = !reply ? ENOMEM : fault ? EINVAL : url_make(&reply->url, &client->base, url);
    if (error)
        throw(error, "a request to \"%.200s\": %s", url,
              fault ? fault : error == ENOMEM ? "no memory" : "no valid URL");
    reply->upgrade = lines;
    await(request(reply, &call));
    while ((place = redirect_of(reply, &call))) {
        if (reply->public.redirects == client->options.max_redirects)
            throw(ELOOP, "%s redirects more than %d times", reply->url.place, client->options.max_redirects);
        change_call(&call, reply->head.status);
        await(follow(reply, place));
        await(request(reply, &call));
    }
    struct reply *taken = reply;
    reply = NULL;
    taken->upgrade = NULL;
    return taken;
}

async_define(eddy_http_reply *, eddy_http_call_with, (eddy_http_client *, client), (const char *, url),
             (const eddy_http_call *, given), (size_t, size))
{
    eddy_http_call call = {0};
    if (given)
        memcpy(&call, given, size < sizeof call ? size : sizeof call);
    struct reply *reply = await(call_upgrade(client, url, &call, NULL));
    return &reply->public;
}

static void free_reply(struct reply *reply)
{
    eddy_http_reply_free(&reply->public);
}

async_free(call_upgrade, free_reply);

async_free(eddy_http_call_with, eddy_http_reply_free);
