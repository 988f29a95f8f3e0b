/* SPDX-License-Identifier: MIT */
/* nats.c - the calls of <eddy/nats.h> that open a client, publish, request and receive. */
#define EDDY_LIBRARY
#include <errno.h>

#include "line.h"

/* ==== opening ==== */

eddy_async(eddy_nats *, open_client, (const char *, url), (const eddy_nats_options *, options))
{
    int code;
    const char *why;
    struct address *address = address_new(url, options, &code, &why);
    if (!address) /* the URL may have a password in it */
        eddy_raise(code, "eddy_nats_open: %s", why);
    return eddy_await(line_open(address));
}

eddy_async_free(open_client, eddy_nats_free);

static struct eddy_nats_open *open_of(struct eddy_manager *manager)
{
    return (struct eddy_nats_open *)(void *)((char *)manager - offsetof(struct eddy_nats_open, manager));
}

static void run_open(struct eddy_awaitable *a)
{
    struct eddy_nats_open *self = (struct eddy_nats_open *)(void *)a;
    struct open_client body = open_client(self->url, self->options);
    self->awaitable.awaitable.failure = eddy_run_here(&body.awaitable);
    self->result = body.result;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_nats_open *self = open_of(manager);
    self->value = eddy_await(open_client(self->url, self->options), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    eddy_error closing;
    (void)err;
    eddy_await(eddy_nats_close(open_of(manager)->value), &closing);
}

/* The body is that of open_client, so that its async_free counts here, too: the results lie at the same place. */
_Static_assert(offsetof(struct eddy_nats_open, result) == offsetof(struct open_client, result), "where results are");
static const struct eddy_awaitable_type open_type = {.name = "eddy_nats_open",
                                                     .run = run_open,
                                                     .undo = eddy_free_unclaimed,
                                                     .body = (void (*)(void))open_client__body,
                                                     .kind = EDDY_COROUTINE};

struct eddy_nats_open eddy_nats_open_with(const char *url, const eddy_nats_options *options)
{
    return (struct eddy_nats_open){
        EDDY_AWAITABLE_INIT(&open_type), .url = url, .options = options, .manager = {.enter = enter, .exit = leave}};
}

/* ==== publish ==== */

eddy_async_define(void, eddy_nats_send, (eddy_nats *, n), (const eddy_nats_outgoing *, message))
{
    eddy_await(line_send(n, message));
}

eddy_async_define(void, eddy_nats_publish_bytes, (eddy_nats *, n), (const char *, subject), (eddy_slice, data))
{
    eddy_nats_outgoing message = {.subject = subject, .data = data};
    eddy_await(line_send(n, &message));
}

eddy_async_define(void, eddy_nats_respond_bytes, (const eddy_nats_message *, m), (eddy_slice, data))
{
    eddy_nats_outgoing message = {.subject = m->reply, .data = data};
    if (!*m->reply)
        eddy_raise(EINVAL, "%s: the message to \"%s\" asks for no answer", m->client->link.label, m->subject);
    eddy_await(line_send(m->client, &message));
}

/* ==== request ==== */

static void free_reply(eddy_nats_message **m)
{
    eddy_nats_message_free(*m);
}

eddy_async_define(eddy_nats_message *, eddy_nats_ask, (eddy_nats *, n), (const eddy_nats_outgoing *, message))
{
    eddy_nats_message *reply = eddy_await(line_ask(n, message)), *answer = reply;
    eddy_defer(free_reply, &reply);
    if (reply->status == 503 && !reply->data.size)
        eddy_raise(EHOSTUNREACH, "%s: nobody has subscribed to \"%s\"", n->link.label, message->subject);
    reply = NULL;
    return answer;
}

eddy_async_free(eddy_nats_ask, eddy_nats_message_free);

eddy_async_define(eddy_nats_message *, eddy_nats_request_bytes, (eddy_nats *, n), (const char *, subject),
                  (eddy_slice, data))
{
    eddy_nats_outgoing message = {.subject = subject, .data = data};
    return eddy_await(eddy_nats_ask(n, &message));
}

eddy_async_free(eddy_nats_request_bytes, eddy_nats_message_free);

/* ==== subscribe ==== */

eddy_async_define(eddy_nats_subscription *, eddy_nats_subscribe_to, (eddy_nats *, n), (const char *, subject),
                  (const char *, queue))
{
    int code;
    const char *why;
    eddy_nats_subscription *s = line_subscribe(n, subject, queue, &code, &why);
    if (!s)
        eddy_raise(code, "%s: %s: %s", n->link.label, subject ? subject : "", why);
    return s;
}

eddy_async_free(eddy_nats_subscribe_to, eddy_nats_unsubscribe);

static eddy_nats_message *take_first(eddy_nats_subscription *s)
{
    eddy_nats_message *m = s->first;
    s->first = m->next;
    if (!s->first)
        s->end = &s->first;
    s->bytes -= m->bytes;
    m->next = NULL;
    return m;
}

eddy_async_define(eddy_nats_message *, eddy_nats_receive, (eddy_nats_subscription *, s))
{
    while (!s->first) {
        if (s->is_ended || !s->line)
            eddy_raise(ECONNABORTED, "%s: the client is closed", s->subject);
        if (s->is_refused)
            eddy_raise(EACCES, "%s: the server refuses the subscription to \"%s\"", s->line->link.label, s->subject);
        eddy_event_clear(&s->arrived);
        eddy_await(eddy_event_wait(&s->arrived));
    }
    return take_first(s);
}

eddy_async_free(eddy_nats_receive, eddy_nats_message_free);
