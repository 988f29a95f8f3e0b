/* SPDX-License-Identifier: MIT */
/*
 * consumer.c - messages of a stream, fetched as tasks ask for them.
 *
 * Invariant: `asked` is what the server may still send for the requests that are open. It is never more than the tasks
 * that wait, and `prefetch`; so messages do not lie here while their time to be acknowledged runs.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

enum { EXPIRES = 4, PATIENCE = 5 }; /* seconds for a request; until one without an end counts as lost */
#define AWAY 0.1 /* seconds until a consumer for which nobody answers is asked for again */

struct eddy_nats_consumer {
    eddy_nats *line;
    eddy_nats_subscription *inbox; /* what is fetched comes here */
    char *stream, *name;
    bool is_own;                   /* deleted when it is freed */
    size_t prefetch;
    size_t waiting;                /* tasks */
    size_t asked;
    uint64_t reconnects;           /* of the line, when it asked */
    double asked_at;               /* the last time */
    bool is_away;                  /* nobody answers for it: it was deleted, or JetStream has not begun yet */
};

/* ==== creating ==== */

static bool write_config(eddy_buffer *json, const eddy_nats_consumer_options *o)
{
    static const char *const froms[] = {"all", "new", "last", "last_per_subject"};
    return json_append(json, "{\"stream_name\":") && json_append_text(json, o->stream) &&
           json_append(json, ",\"config\":{\"deliver_policy\":\"%s\",\"ack_policy\":\"%s\""
                             ",\"replay_policy\":\"instant\"",
                       froms[o->from], o->no_ack ? "none" : "explicit") &&
           api_add_text(json, "durable_name", o->name) && api_add_text(json, "filter_subject", o->filter) &&
           api_add_seconds(json, "ack_wait", o->no_ack ? 0 : o->ack_wait) &&
           api_add_number(json, "max_deliver", o->max_deliver) &&
           api_add_number(json, "max_ack_pending", o->no_ack ? 0 : o->max_pending) && json_append(json, "}}");
}

static const char *options_problem(const eddy_nats_consumer_options *o)
{
    if (!o || o->size != sizeof *o)
        return "eddy_nats_consumer_options.size must be sizeof(eddy_nats_consumer_options)";
    if (o->from > EDDY_NATS_LAST_PER_SUBJECT)
        return "from is not one of enum eddy_nats_from";
    if (o->name && name_problem(o->name))
        return name_problem(o->name);
    if (o->filter && subject_problem(o->filter, true))
        return subject_problem(o->filter, true);
    return name_problem(o->stream);
}

static void free_parts(eddy_nats_consumer *c)
{
    eddy_nats_unsubscribe(c->inbox);
    free(c->stream);
    free(c->name);
    free(c);
}

static void free_unless_made(eddy_nats_consumer **c)
{
    if (*c)
        free_parts(*c);
}

static void free_message(eddy_nats_message **m)
{
    eddy_nats_message_free(*m);
}

/* Subscribed first, so that nothing can come too early. Returns 0 or an errno value, and *why. */
static int prepare(eddy_nats_consumer *c, const eddy_nats_consumer_options *o, const char **why)
{
    char subject[96];
    int code = ENOMEM;
    *why = "there is no memory for a consumer";
    c->stream = strdup(o->stream);
    c->prefetch = o->prefetch;
    c->is_own = !o->name;
    if (!c->stream)
        return ENOMEM;
    line_inbox(c->line, subject, sizeof subject);
    c->inbox = line_subscribe(c->line, subject, NULL, &code, why);
    return c->inbox ? 0 : code;
}

eddy_async_define(eddy_nats_consumer *, eddy_nats_consume, (eddy_nats *, n),
                  (const eddy_nats_consumer_options *, options))
{
    char name[600], own[256];
    eddy_buffer json = {0};
    eddy_defer(eddy_buffer_free, &json);
    const char *why = options_problem(options);
    if (why)
        eddy_raise(EINVAL, "%s: a consumer: %s", n->link.label, why);
    eddy_nats_consumer *c = calloc(1, sizeof *c);
    eddy_defer(free_unless_made, &c);
    if (!c || !write_config(&json, options))
        eddy_raise(ENOMEM, "%s: a consumer", n->link.label);
    c->line = n;
    int code = prepare(c, options, &why);
    if (code)
        eddy_raise(code, "%s: a consumer: %s", n->link.label, why);
    if (options->name)
        snprintf(name, sizeof name, "CONSUMER.DURABLE.CREATE.%.250s.%.250s", options->stream, options->name);
    else
        snprintf(name, sizeof name, "CONSUMER.CREATE.%.250s", options->stream);
    eddy_nats_message *answer = eddy_await(eddy_nats_api(n, name, json.data));
    eddy_defer(free_message, &answer);
    if (!json_text(answer->data.data, "name", own, sizeof own) || !(c->name = strdup(own)))
        eddy_raise(ENOMEM, "%s: a consumer", n->link.label);
    eddy_nats_consumer *made = c;
    c = NULL;
    return made;
}

eddy_async_free(eddy_nats_consume, eddy_nats_consumer_free);

/* After the inbox is gone: the server would send them there again. */
static void give_back_all(eddy_nats_message *m)
{
    for (eddy_nats_message *next; m; m = next) {
        next = m->next;
        eddy_nats_nak(m, 0);
        eddy_nats_message_free(m);
    }
}

void eddy_nats_consumer_free(eddy_nats_consumer *c)
{
    char subject[600];
    const char *why;
    if (!c)
        return;
    eddy_nats_message *left = c->inbox->line ? c->inbox->first : NULL;
    if (left)
        c->inbox->first = NULL;
    if (c->is_own && c->inbox->line) {
        snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE.%.250s.%.250s", c->stream, c->name);
        line_put(c->line, &(eddy_nats_outgoing){.subject = subject}, &why);
    }
    free_parts(c);
    give_back_all(left);
}

eddy_async_define(void, eddy_nats_consumer_delete, (eddy_nats *, n), (const char *, stream), (const char *, name))
{
    char request[600];
    const char *why = name_problem(stream) ? name_problem(stream) : name_problem(name);
    if (why)
        eddy_raise(EINVAL, "%s: a consumer: %s", n->link.label, why);
    snprintf(request, sizeof request, "CONSUMER.DELETE.%.250s.%.250s", stream, name);
    eddy_nats_message_free(eddy_await(eddy_nats_api(n, request, "")));
}

/* ==== fetching ==== */

/* Returns 0 or an errno value. */
static int ask(eddy_nats_consumer *c, size_t count)
{
    char subject[600], text[64];
    const char *why;
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%.250s.%.250s", c->stream, c->name);
    int size = snprintf(text, sizeof text, "{\"batch\":%zu,\"expires\":%lld}", count, EXPIRES * 1000000000LL);
    eddy_nats_outgoing request = {.subject = subject, .reply = c->inbox->subject, .data = {text, (size_t)size}};
    int code = line_put(c->line, &request, &why);
    if (code == 0)
        c->asked += count;
    c->asked_at = eddy_time();
    return code;
}

/* An answer that ends a request: the time is over, or nothing is there. */
static void end_request(eddy_nats_consumer *c, const eddy_nats_message *m)
{
    const char *left = eddy_nats_header_of(m, "Nats-Pending-Messages");
    size_t count = left ? strtoull(left, NULL, 10) : c->asked;
    c->asked -= count < c->asked ? count : c->asked;
    c->is_away |= m->status == 503 || m->status == 409;
}

/* The next message that has come; NULL: none. */
static eddy_nats_message *take(eddy_nats_consumer *c)
{
    eddy_nats_subscription *s = c->inbox;
    for (eddy_nats_message *m; (m = s->first); eddy_nats_message_free(m)) {
        s->first = m->next;
        if (!s->first)
            s->end = &s->first;
        s->bytes -= m->bytes;
        m->next = NULL;
        if (m->status == 0) {
            c->asked -= c->asked > 0;
            return m;
        }
        if (m->status != 100)
            end_request(c, m);
    }
    return NULL;
}

/* Fails with ENOENT if it does not exist any more. A cluster that has no leader says nothing: it is asked again. */
eddy_async(void, look_for, (eddy_nats_consumer *, c))
{
    char name[600];
    eddy_error err;
    snprintf(name, sizeof name, "CONSUMER.INFO.%.250s.%.250s", c->stream, c->name);
    eddy_nats_message *answer = eddy_await_for(eddy_nats_api(c->line, name, ""), PATIENCE, &err);
    if (err.code == ECANCELED)
        eddy_reraise(&err);
    c->is_away = err.code != 0;
    if (!err.code)
        eddy_nats_message_free(answer);
    else if (err.code == ENOENT)
        eddy_raise(ENOENT, "%s: stream %s has no consumer %s any more", c->line->link.label, c->stream, c->name);
    eddy_await(eddy_sleep(AWAY)); /* also if it is there: it may have too many requests, and refuse the next one, too */
}

static void stop_waiting(eddy_nats_consumer *c)
{
    c->waiting--;
}

eddy_async_define(eddy_nats_message *, eddy_nats_next, (eddy_nats_consumer *, c))
{
    eddy_error err;
    eddy_nats_subscription *s = c->inbox;
    c->waiting++;
    eddy_defer(stop_waiting, c);
    for (;;) {
        eddy_nats_message *m = take(c);
        if (m)
            return m;
        if (s->is_ended || !s->line)
            eddy_raise(ECONNABORTED, "%s: the client is closed", c->stream);
        c->is_away |= c->asked && eddy_time() - c->asked_at >= PATIENCE; /* a deleted consumer may say nothing */
        if (c->is_away || c->reconnects != c->line->reconnects)
            c->asked = 0; /* those requests are lost */
        if (c->is_away) {
            eddy_await(look_for(c));
            continue; /* messages may have come, and the client may be gone */
        }
        c->reconnects = c->line->reconnects;
        size_t wanted = c->waiting + c->prefetch;
        int code = c->asked < wanted && c->line->connected ? ask(c, wanted - c->asked) : 0;
        if (code)
            eddy_raise(code, "%s: %s: no message can be fetched", c->line->link.label, c->stream);
        eddy_event_clear(&s->arrived);
        eddy_await_for(eddy_event_wait(&s->arrived), PATIENCE, &err);
        if (err.code && err.code != ETIMEDOUT)
            eddy_reraise(&err);
    }
}

eddy_async_free(eddy_nats_next, eddy_nats_message_free);
