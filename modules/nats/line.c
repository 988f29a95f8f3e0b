/* SPDX-License-Identifier: MIT */
/*
 * line.c - see line.h.
 *
 * One task, the keeper, connects, starts the writer and reads what comes; when the connection is lost, it fails the
 * calls whose bytes were sent, and connects again. What was not sent by then is sent over the next connection.
 *
 * Invariants: a call is in one list or table, or has completed. Nobody but the keeper opens and closes the link.
 */
#define _GNU_SOURCE
#define EDDY_LIBRARY
#include "line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "json.h"

enum { INBOX_NUMBER = 1 };

static struct call *call_of(struct entry *e)
{
    return (struct call *)(void *)((char *)e - offsetof(struct call, entry));
}

static eddy_nats_subscription *subscription_of(struct entry *e)
{
    return (eddy_nats_subscription *)(void *)e;
}

/* ==== lists of calls ==== */

static void add_last(struct calls *calls, struct call *call)
{
    call->next = NULL;
    call->link = calls->end;
    *calls->end = call;
    calls->end = &call->next;
}

static void take_out(struct calls *calls, struct call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    else
        calls->end = call->link;
    call->link = NULL;
}

static void fail(struct call *call, int code, const char *why)
{
    eddy_nats_message_free(call->reply);
    call->reply = NULL;
    eddy_complete_error(call, code, "%s: %s", call->line->link.label, why);
}

/* ==== sending ==== */

static bool has_room(const eddy_nats *n)
{
    return n->unsent.size < n->address->limits.unsent_limit;
}

static bool is_open(const eddy_nats *n)
{
    return n->keeper && !n->closing;
}

static int put(eddy_nats *n, const eddy_nats_outgoing *m, const char *reply, const char **why)
{
    *why = "the client is closed";
    if (!is_open(n))
        return ECONNABORTED;
    *why = outgoing_problem(m);
    if (*why)
        return EINVAL;
    *why = "the message is larger than the server takes (eddy_nats_message_limit)";
    if (m->data.size > n->link.message_limit || outgoing_header_size(m) + m->data.size > n->link.message_limit)
        return EMSGSIZE;
    *why = "there is no memory for a message";
    if (!outgoing_append(&n->unsent, m, reply))
        return ENOMEM;
    eddy_event_set(&n->more);
    return 0;
}

int line_put(eddy_nats *n, const eddy_nats_outgoing *m, const char **why)
{
    return put(n, m, m->reply, why);
}

static bool put_ping(eddy_nats *n)
{
    if (!eddy_buffer_append(&n->unsent, "PING\r\n", 6))
        return false;
    n->pings++;
    n->unsent_pings++;
    eddy_event_set(&n->more);
    return true;
}

/* ==== calls ==== */

static void start_request(eddy_nats *n, struct call *call)
{
    char reply[sizeof n->inbox + 24];
    const char *why = "there is no memory for a request";
    call->entry.number = ++n->last_number;
    call->at = n->unsent.size;
    snprintf(reply, sizeof reply, "%s%llu", n->inbox, (unsigned long long)call->entry.number);
    int code = table_add(&n->requests, &call->entry) ? put(n, call->out, reply, &why) : ENOMEM;
    if (!code)
        return;
    table_remove(&n->requests, call->entry.number);
    fail(call, code, why);
}

static void start(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    eddy_nats *n = call->line;
    call->batch = n->batch;
    if (!is_open(n)) {
        fail(call, ECONNABORTED, "the client is closed");
    } else if (call->form == CALL_REQUEST) {
        start_request(n, call);
    } else if (call->form == CALL_ROOM) {
        add_last(&n->rooms, call);
    } else if (put_ping(n)) {
        call->entry.number = n->pings;
        add_last(&n->flushes, call);
    } else {
        fail(call, ENOMEM, "there is no memory for a PING");
    }
}

/* A request whose bytes are unsent goes to a subject of the same length that nobody has, as if it were not sent. */
static void call_off(eddy_nats *n, const struct call *call)
{
    char *subject = call->batch == n->batch ? memchr(n->unsent.data + call->at, ' ', n->unsent.size - call->at) : NULL;
    if (subject)
        memset(subject + 1, '_', strlen(call->out->subject));
}

static void cancel(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    if (call->form == CALL_REQUEST)
        call_off(call->line, call);
    if (call->form == CALL_REQUEST)
        table_remove(&call->line->requests, call->entry.number);
    else
        take_out(call->form == CALL_FLUSH ? &call->line->flushes : &call->line->rooms, call);
    fail(call, ECANCELED, "the request was given up");
}

static void undo(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    eddy_nats_message_free(call->reply);
    call->reply = NULL;
}

static const struct eddy_awaitable_type call_type = {
    .name = "eddy_nats", .start = start, .cancel = cancel, .undo = undo, .kind = EDDY_IO};

eddy_async(eddy_nats_message *, wait_for, (eddy_nats *, n), (struct call, call))
{
    call.awaitable.awaitable.type = &call_type;
    call.line = n;
    eddy_await(&call);
    return call.reply;
}

eddy_async_define(void, line_send, (eddy_nats *, n), (const eddy_nats_outgoing *, m))
{
    const char *why;
    while (!has_room(n) && is_open(n))
        eddy_await(wait_for(n, (struct call){.form = CALL_ROOM}));
    int code = line_put(n, m, &why);
    if (code)
        eddy_raise(code, "%s: %s: %s", n->link.label, m->subject ? m->subject : "", why);
}

eddy_async_define(eddy_nats_message *, line_ask, (eddy_nats *, n), (const eddy_nats_outgoing *, m))
{
    while (!has_room(n) && is_open(n))
        eddy_await(wait_for(n, (struct call){.form = CALL_ROOM}));
    return eddy_await(wait_for(n, (struct call){.form = CALL_REQUEST, .out = m}));
}

eddy_async_free(line_ask, eddy_nats_message_free);

eddy_async_define(void, eddy_nats_flush, (eddy_nats *, n))
{
    eddy_await(wait_for(n, (struct call){.form = CALL_FLUSH}));
    if (!*n->refusal)
        return;
    char words[sizeof n->refusal];
    memcpy(words, n->refusal, sizeof words);
    n->refusal[0] = '\0';
    eddy_raise(EACCES, "%s: %s", n->link.label, words);
}

/* ==== subscriptions ==== */

static bool append_subscription(eddy_buffer *to, const eddy_nats_subscription *s)
{
    size_t before = to->size;
    char number[32];
    snprintf(number, sizeof number, " %llu\r\n", (unsigned long long)s->entry.number);
    if (eddy_buffer_append(to, "SUB ", 4) && eddy_buffer_append(to, s->subject, strlen(s->subject)) &&
        (!s->queue || (eddy_buffer_append(to, " ", 1) && eddy_buffer_append(to, s->queue, strlen(s->queue)))) &&
        eddy_buffer_append(to, number, strlen(number)))
        return true;
    to->size = before;
    return false;
}

static void free_subscription(eddy_nats_subscription *s)
{
    for (eddy_nats_message *m; (m = s->first);) {
        s->first = m->next;
        eddy_nats_message_free(m);
    }
    free(s->subject);
    free(s->queue);
    free(s);
}

static eddy_nats_subscription *new_subscription(eddy_nats *n, const char *subject, const char *queue)
{
    eddy_nats_subscription *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->line = n;
    s->entry.number = ++n->last_number;
    s->end = &s->first;
    s->subject = strdup(subject);
    s->queue = queue ? strdup(queue) : NULL;
    if (s->subject && (!queue || s->queue) && table_add(&n->subscriptions, &s->entry))
        return s;
    free_subscription(s);
    return NULL;
}

/* Without a connection the next one begins with it. */
eddy_nats_subscription *line_subscribe(eddy_nats *n, const char *subject, const char *queue, int *code,
                                       const char **why)
{
    *why = subject_problem(subject, true);
    if (!*why && queue)
        *why = subject_problem(queue, true);
    *code = *why ? EINVAL : !is_open(n) ? ECONNABORTED : 0;
    if (*code) {
        *why = *why ? *why : "the client is closed";
        return NULL;
    }
    eddy_nats_subscription *s = new_subscription(n, subject, queue);
    if (s && (!n->connected || append_subscription(&n->unsent, s))) {
        eddy_event_set(&n->more);
        return s;
    }
    if (s) {
        table_remove(&n->subscriptions, s->entry.number);
        free_subscription(s);
    }
    *code = ENOMEM;
    *why = "there is no memory for a subscription";
    return NULL;
}

/* Without memory for the request the server goes on sending, and what comes is dropped. */
void eddy_nats_unsubscribe(eddy_nats_subscription *s)
{
    if (!s)
        return;
    if (s->line) {
        table_remove(&s->line->subscriptions, s->entry.number);
        if (s->line->connected && json_append(&s->line->unsent, "UNSUB %llu\r\n", (unsigned long long)s->entry.number))
            eddy_event_set(&s->line->more);
    }
    free_subscription(s);
}

/* Calls visit for each; it may not change the table. */
static void each_subscription(eddy_nats *n, void (*visit)(eddy_nats_subscription *, const void *), const void *argument)
{
    for (size_t i = 0; i < n->subscriptions.capacity; i++)
        for (struct entry *e = n->subscriptions.at[i]; e; e = e->next)
            visit(subscription_of(e), argument);
}

static void mark_gap(eddy_nats_subscription *s, const void *unused)
{
    (void)unused;
    s->after_gap = true;
    eddy_event_set(&s->arrived);
}

static void mark_refused(eddy_nats_subscription *s, const void *subject)
{
    if (strcmp(s->subject, subject) != 0)
        return;
    s->is_refused = true;
    eddy_event_set(&s->arrived);
}

static void mark_ended(eddy_nats_subscription *s, const void *unused)
{
    (void)unused;
    s->is_ended = true;
    eddy_event_set(&s->arrived);
}

static void forget_client(eddy_nats_subscription *s, const void *unused)
{
    (void)unused;
    s->line = NULL;
}

/* ==== what has come ==== */

static void deliver_answer(eddy_nats *n, const struct view *view)
{
    size_t prefix = strlen(n->inbox);
    char text[32];
    if (view->subject.size <= prefix || view->subject.size - prefix >= sizeof text)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(view->subject.size - prefix), view->subject.data + prefix);
    struct entry *e = table_remove(&n->requests, strtoull(text, NULL, 10));
    if (!e) /* it was given up */
        return;
    struct call *call = call_of(e);
    call->reply = message_new(n, view);
    if (call->reply)
        eddy_complete(call);
    else
        fail(call, ENOMEM, "there is no memory for an answer");
}

static void deliver(eddy_nats *n, const struct view *view)
{
    struct entry *e = view->sid == INBOX_NUMBER ? NULL : table_find(&n->subscriptions, view->sid);
    if (view->sid == INBOX_NUMBER)
        deliver_answer(n, view);
    if (!e)
        return;
    eddy_nats_subscription *s = subscription_of(e);
    size_t bytes = view->data.size + view->headers.size;
    eddy_nats_message *m = s->bytes + bytes < n->address->limits.pending_limit ? message_new(n, view) : NULL;
    if (!m) {
        s->missed++;
        return;
    }
    m->missed = s->missed;
    m->after_gap = s->after_gap;
    s->missed = 0;
    s->after_gap = false;
    s->bytes += m->bytes;
    *s->end = m;
    s->end = &m->next;
    eddy_event_set(&s->arrived);
}

static void finish_flushes(eddy_nats *n)
{
    n->pongs++;
    for (struct call *call; (call = n->flushes.first) && call->entry.number <= n->pongs;) {
        take_out(&n->flushes, call);
        eddy_complete(call);
    }
}

/* Requests to a subject to which nothing may be published: the server sends no answer. */
static void refuse_requests(eddy_nats *n, const char *subject)
{
    for (size_t i = 0; i < n->requests.capacity; i++)
        for (struct entry *e = n->requests.at[i], *next; e; e = next) {
            struct call *call = call_of(e);
            next = e->next;
            if (strcmp(call->out->subject, subject) == 0) {
                table_remove(&n->requests, e->number);
                fail(call, EACCES, n->refusal);
            }
        }
}

/* 'Permissions Violation for Publish to "x"' leaves the connection open. Returns false: it is over. */
static bool take_refusal(eddy_nats *n, eddy_slice text)
{
    char subject[256] = "";
    snprintf(n->refusal, sizeof n->refusal, "%.*s", (int)(text.size < 200 ? text.size : 200), text.data);
    const char *quote = strchr(n->refusal, '"');
    if (quote)
        snprintf(subject, sizeof subject, "%.*s", (int)strcspn(quote + 1, "\""), quote + 1);
    if (!strcasestr(n->refusal, "permissions violation"))
        return strcasestr(n->refusal, "invalid") != NULL; /* a subject */
    if (strcasestr(n->refusal, "subscription"))
        each_subscription(n, mark_refused, subject);
    else
        refuse_requests(n, subject);
    return true;
}

static bool take_info(eddy_nats *n, eddy_slice text)
{
    char *json = strndup(text.data, text.size);
    bool ok = json && link_read_info(&n->link, n->address, json);
    free(json);
    return ok;
}

/* Returns 0 or an errno value, and *why. */
static int take(eddy_nats *n, enum reader_result what, const struct view *view, const char **why)
{
    static const char no_memory[] = "there is no memory for what the server says";
    *why = no_memory;
    if (what == READER_MESSAGE || what == READER_PONG || what == READER_PING)
        n->failures = 0;
    if (what == READER_MESSAGE)
        deliver(n, view);
    else if (what == READER_PONG)
        finish_flushes(n);
    else if (what == READER_PING && !eddy_buffer_append(&n->unsent, "PONG\r\n", 6))
        return ENOMEM;
    else if (what == READER_INFO && !take_info(n, view->text))
        return ENOMEM;
    else if (what == READER_ERROR && !take_refusal(n, view->text)) {
        *why = n->refusal;
        n->is_dismissed = true;
        return link_refusal(view->text);
    }
    if (what == READER_PING)
        eddy_event_set(&n->more);
    return 0;
}

/* ==== the end of a connection ==== */

static void fail_requests(eddy_nats *n, uint64_t batch, int code, const char *why)
{
    for (size_t i = 0; i < n->requests.capacity; i++)
        for (struct entry *e = n->requests.at[i], *next; e; e = next) {
            next = e->next;
            if (call_of(e)->batch < batch) {
                table_remove(&n->requests, e->number);
                fail(call_of(e), code, why);
            }
        }
}

static void fail_list(struct calls *calls, uint64_t batch, int code, const char *why)
{
    for (struct call *call = calls->first, *next; call; call = next) {
        next = call->next;
        if (call->batch < batch) {
            take_out(calls, call);
            fail(call, code, why);
        }
    }
}

static void lose(eddy_nats *n, const eddy_error *err)
{
    char why[320];
    snprintf(why, sizeof why, "the connection was lost before the answer, and the message may have arrived (%.200s)",
             link_words(err));
    n->connected = false;
    if (n->is_dismissed)
        n->refusal[0] = '\0';
    n->is_dismissed = false;
    link_close(&n->link);
    n->sending.size = 0;
    n->pongs = n->pings - n->unsent_pings;
    if (err->code == ECANCELED)
        return;
    fail_requests(n, n->batch, ECONNRESET, why);
    fail_list(&n->flushes, n->batch, ECONNRESET, why);
}

static void destroy(eddy_nats *n)
{
    each_subscription(n, forget_client, NULL);
    struct entry *inbox = table_remove(&n->subscriptions, INBOX_NUMBER);
    if (inbox)
        free_subscription(subscription_of(inbox));
    eddy_buffer_free(&n->unsent);
    eddy_buffer_free(&n->sending);
    table_free(&n->subscriptions);
    table_free(&n->requests);
    reader_reset(&n->link.reader);
    address_free(n->address);
    free(n);
}

/* ==== its tasks ==== */

static void let_in(eddy_nats *n)
{
    for (struct call *call = n->rooms.first, *next; call; call = next) {
        next = call->next;
        take_out(&n->rooms, call);
        eddy_complete(call);
    }
}

eddy_async(void, write_all, (eddy_nats *, n))
{
    for (;;) {
        while (!n->unsent.size) {
            eddy_event_clear(&n->more);
            eddy_await(eddy_event_wait(&n->more));
        }
        eddy_buffer empty = n->sending;
        n->sending = n->unsent;
        n->unsent = empty;
        n->batch++;
        n->unsent_pings = 0;
        eddy_await(eddy_stream_write(n->link.stream, n->sending.data, n->sending.size));
        n->sending.size = 0;
        if (n->sending.capacity > n->address->limits.unsent_limit / 4)
            eddy_buffer_free(&n->sending);
        let_in(n);
    }
}

/* Two periods without a sign of life end the connection. */
eddy_async(void, watch_silence, (eddy_nats *, n))
{
    for (bool has_asked = false;;) {
        uint64_t heard = n->heard;
        eddy_await(eddy_sleep(n->address->limits.ping_seconds));
        bool is_silent = heard == n->heard;
        if (is_silent && has_asked)
            eddy_raise(ETIMEDOUT, "the server does not answer");
        if (is_silent && !put_ping(n))
            eddy_raise(ENOMEM, "there is no memory for a PING");
        has_asked = is_silent;
    }
}

eddy_async(void, take_all, (eddy_nats *, n))
{
    struct view view;
    enum reader_result result;
    const char *why;
    while ((result = reader_next(&n->link.reader, &view)) != READER_MORE) {
        if (result >= READER_BAD)
            eddy_raise(link_error(result), "%s", n->link.reader.why);
        int code = take(n, result, &view, &why);
        if (code)
            eddy_raise(code, "%s", why);
    }
}

eddy_async(void, read_all, (eddy_nats *, n))
{
    struct reader *reader = &n->link.reader;
    for (;;) {
        eddy_slice bytes;
        eddy_await(take_all(n));
        if (!reader_keep(reader))
            eddy_raise(ENOMEM, "there is no memory for a message");
        if (eddy_await(eddy_stream_read_some(n->link.stream, &bytes)) == 0)
            eddy_raise(ECONNRESET, "%s", *n->refusal ? n->refusal : "the server closed the connection");
        n->heard++;
        if (!reader_give(reader, bytes))
            eddy_raise(ENOMEM, "there is no memory for a message");
    }
}

static void move_requests(eddy_nats *n, size_t by)
{
    for (size_t i = 0; i < n->requests.capacity; i++)
        for (struct entry *e = n->requests.at[i]; e; e = e->next)
            call_of(e)->at += by;
}

/* All subscriptions, before what is unsent. False: no memory. */
static bool replay(eddy_nats *n)
{
    eddy_buffer all = {0};
    bool ok = true;
    for (size_t i = 0; i < n->subscriptions.capacity && ok; i++)
        for (struct entry *e = n->subscriptions.at[i]; e && ok; e = e->next)
            ok = append_subscription(&all, subscription_of(e));
    size_t size = all.size;
    if (ok && n->unsent.size)
        ok = eddy_buffer_append(&all, n->unsent.data, n->unsent.size);
    eddy_buffer_free(ok ? &n->unsent : &all);
    if (!ok)
        return false;
    n->unsent = all;
    move_requests(n, size);
    return true;
}

eddy_async(void, connect_again, (eddy_nats *, n))
{
    for (eddy_error err;;) {
        eddy_await(eddy_sleep(link_delay(n->address, n->failures)));
        n->failures++;
        eddy_await(link_open(&n->link, n->address), &err);
        if (!err.code)
            break;
        if (err.code == ECANCELED)
            eddy_reraise(&err);
    }
    n->reconnects++;
    each_subscription(n, mark_gap, NULL);
}

eddy_async(void, serve, (eddy_nats *, n))
{
    if (!n->link.stream)
        eddy_await(connect_again(n));
    if (!replay(n))
        eddy_raise(ENOMEM, "there is no memory for the subscriptions");
    n->connected = true;
    eddy_async_with (tasks, eddy_task_group()) {
        int code = eddy_group_spawn(tasks, write_all(n));
        code = code ? code : eddy_group_spawn(tasks, watch_silence(n));
        if (code)
            eddy_raise(code, "there is no memory for a task");
        eddy_await(read_all(n));
    }
}

static void end_keeper(eddy_nats *n)
{
    static const char why[] = "the client was closed";
    n->keeper = NULL;
    link_close(&n->link);
    fail_requests(n, UINT64_MAX, ECONNABORTED, why);
    fail_list(&n->flushes, UINT64_MAX, ECONNABORTED, why);
    fail_list(&n->rooms, UINT64_MAX, ECONNABORTED, why);
    each_subscription(n, mark_ended, NULL);
    eddy_event_set(&n->ended);
    if (n->is_free)
        destroy(n);
}

eddy_async(void, keep, (eddy_nats *, n))
{
    eddy_error err;
    n->keeper = eddy_current_task();
    eddy_defer(end_keeper, n);
    do {
        eddy_await_always(serve(n), &err);
        lose(n, &err);
    } while (err.code != ECANCELED && !n->closing);
}

/* ==== opening, closing ==== */

static bool choose_inbox(eddy_nats *n)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    unsigned char random[20];
    char name[sizeof random + 1] = "";
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    for (size_t i = 0; i < sizeof random; i++)
        name[i] = letters[random[i] % 62];
    snprintf(n->inbox, sizeof n->inbox, "_INBOX.%s.*", name);
    eddy_nats_subscription *s = new_subscription(n, n->inbox, NULL);
    n->inbox[strlen(n->inbox) - 1] = '\0';
    return s != NULL;
}

/* Two parts after the prefix: it is no subject of an answer. */
void line_inbox(eddy_nats *n, char *to, size_t size)
{
    snprintf(to, size, "%sc.%llu", n->inbox, (unsigned long long)++n->last_number);
}

/* It takes the address. NULL: no memory. */
static eddy_nats *new_line(struct address *address)
{
    eddy_nats *n = calloc(1, sizeof *n);
    if (!n) {
        address_free(address);
        return NULL;
    }
    n->address = address;
    n->batch = 1;
    n->flushes.end = &n->flushes.first;
    n->rooms.end = &n->rooms.first;
    if (choose_inbox(n))
        return n;
    destroy(n);
    return NULL;
}

static void free_unless_opened(eddy_nats **n)
{
    eddy_nats_free(*n);
}

eddy_async_define(eddy_nats *, line_open, (struct address *, address))
{
    eddy_error err;
    eddy_nats *n = new_line(address);
    if (!n)
        eddy_raise(ENOMEM, "there is no memory for a client");
    eddy_defer(free_unless_opened, &n);
    eddy_await(link_open(&n->link, address));
    __auto_type keeper = eddy_spawn_eager(keep(n));
    if (!n->keeper) { /* it could not begin */
        eddy_await(keeper, &err);
        eddy_raise(ENOMEM, "%s: there is no memory for a task", n->link.label);
    }
    eddy_detach(keeper);
    eddy_nats *opened = n;
    n = NULL;
    return opened;
}

void eddy_nats_free(eddy_nats *n)
{
    if (!n)
        return;
    n->closing = n->is_free = true;
    if (n->keeper) {
        (eddy_cancel)(n->keeper, NULL);
    } else {
        link_close(&n->link);
        destroy(n);
    }
}

eddy_async_define(void, eddy_nats_close, (eddy_nats *, n))
{
    eddy_error err = {0};
    eddy_defer(free_unless_opened, &n);
    if (is_open(n) && (n->connected || n->unsent.size)) /* without a connection the next one may come in time */
        eddy_await_for(wait_for(n, (struct call){.form = CALL_FLUSH}), n->address->limits.connect_seconds, &err);
    n->closing = true;
    if (n->keeper) {
        (eddy_cancel)(n->keeper, NULL);
        eddy_await(eddy_event_wait(&n->ended));
    }
    if (err.code == ECANCELED)
        eddy_reraise(&err);
}

size_t eddy_nats_message_limit(const eddy_nats *n)
{
    return n->link.message_limit;
}

uint64_t eddy_nats_reconnects(const eddy_nats *n)
{
    return n->reconnects;
}
