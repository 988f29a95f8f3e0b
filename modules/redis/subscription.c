/* SPDX-License-Identifier: MIT */
/*
 * subscription.c - messages that others publish, on a connection of its own.
 *
 * Invariant: no task runs for it. The consumer's task reads, so that a slow one slows its own connection down, and
 * connects again when the connection is lost.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "line.h"

struct eddy_redis_subscription {
    struct address *address;
    struct link link;
    eddy_buffer command;    /* what subscribes */
    size_t names;           /* channels or patterns in it */
    eddy_redis_reply *last; /* the message that the consumer has */
    unsigned failures;      /* connections since the last message */
    bool after_gap;         /* the next message comes over another connection */
    bool is_busy;           /* a task receives */
};

/* The server's part of a reply, or of an error. */
static bool is_final(int code)
{
    static const int codes[] = {EACCES, EBADMSG, EMSGSIZE, ENOMEM, ECANCELED, EINVAL, EDDY_TLS_CERTIFICATE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* ==== connecting ==== */

/* One confirmation a name, in one piece: no message comes between them. */
eddy_async(void, confirm, (eddy_redis_subscription *, s))
{
    struct view view;
    eddy_await(eddy_stream_write(s->link.stream, s->command.data, s->command.size));
    for (size_t i = 0; i < s->names; i++) {
        eddy_await(link_receive(&s->link, &view));
        if (*view.data == '-')
            eddy_raise(command_error(view.data + 1), "%.*s", (int)view.size - 3, view.data + 1);
    }
}

static void close_unless_confirmed(eddy_redis_subscription **s)
{
    if (*s)
        link_close(&(*s)->link);
}

eddy_async(void, subscribe, (eddy_redis_subscription *, s))
{
    eddy_redis_subscription *begun = s;
    eddy_defer(close_unless_confirmed, &begun);
    eddy_await(link_open(&s->link, s->address));
    eddy_await_for(confirm(s), s->address->limits.connect_seconds);
    begun = NULL;
}

eddy_async(void, subscribe_again, (eddy_redis_subscription *, s))
{
    for (eddy_error err;;) {
        eddy_await(eddy_sleep(link_delay(s->address, s->failures)));
        s->failures++;
        eddy_await(subscribe(s), &err);
        if (!err.code)
            break;
        if (is_final(err.code))
            eddy_raise(err.code, "%s: %s", s->address->label, link_words(&err));
    }
    s->after_gap = true;
}

void eddy_redis_unsubscribe(eddy_redis_subscription *s)
{
    if (!s)
        return;
    link_close(&s->link);
    eddy_buffer_free(&s->command);
    eddy_redis_reply_free(s->last);
    address_drop(s->address);
    free(s);
}

static void free_unless_subscribed(eddy_redis_subscription **s)
{
    eddy_redis_unsubscribe(*s);
}

static eddy_redis_subscription *new_subscription(struct address *address, const char *command,
                                                 const struct eddy_redis_words *words, int *code, const char **why)
{
    struct eddy_redis_words all = *words;
    eddy_redis_word line[EDDY_REDIS_MOST_WORDS + 1] = {ed_redis_string(command)};
    eddy_redis_subscription *s = calloc(1, sizeof *s);
    *code = ENOMEM;
    *why = "there is no memory for a subscription";
    if (!s)
        return NULL;
    s->address = address_use(address);
    s->names = all.count;
    memcpy(line + 1, all.at, all.count * sizeof line[0]);
    *code = command_append(&s->command, line, all.count + 1, why);
    return s;
}

eddy_async_define(eddy_redis_subscription *, eddy_redis_subscribe_words, (eddy_redis *, r), (const char *, command),
                  (struct eddy_redis_words, words))
{
    int code;
    const char *why;
    eddy_error err;
    struct address *address = r->address;
    eddy_redis_subscription *s = new_subscription(address, command, &words, &code, &why);
    eddy_defer(free_unless_subscribed, &s);
    if (code)
        eddy_raise(code, "%s: %s", address->label, why);
    eddy_await(subscribe(s), &err);
    if (err.code)
        eddy_raise(err.code, "%s: %s", address->label, link_words(&err));
    eddy_redis_subscription *subscribed = s;
    s = NULL;
    return subscribed;
}

/* ==== the end of a result that nobody takes: its stream ends with the loop ==== */

static void free_unclaimed(struct eddy_awaitable *a)
{
    eddy_redis_unsubscribe(((struct eddy_redis_subscribe_words *)(void *)a)->result);
}

static struct eddy_freeing freeing = {.body = (void (*)(void))eddy_redis_subscribe_words__body, .free = free_unclaimed};

__attribute__((constructor)) static void freeing_begins(void)
{
    eddy_freeing_add_of_loop(&freeing);
}

__attribute__((destructor)) static void freeing_ends(void)
{
    eddy_freeing_remove(&freeing);
}

/* ==== receiving ==== */

/* With reply_seconds a server that is silent has to answer a PING. */
eddy_async(void, receive_or_ping, (eddy_redis_subscription *, s), (struct view *, view))
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    double seconds = s->address->limits.reply_seconds;
    eddy_error err;
    if (!(seconds > 0)) {
        eddy_await(link_receive(&s->link, view));
        return;
    }
    eddy_await_for(link_receive(&s->link, view), seconds, &err);
    if (err.code == ETIMEDOUT) {
        eddy_await(eddy_stream_write(s->link.stream, ping, sizeof ping - 1));
        eddy_await_for(link_receive(&s->link, view), seconds);
    } else if (err.code) {
        eddy_reraise(&err);
    }
}

/* False: it is something else, as a PONG. */
static bool read_message(const eddy_redis_reply *reply, eddy_redis_message *message)
{
    const eddy_redis_reply *kind = eddy_redis_item(reply, 0);
    bool has_pattern = reply_is(kind, "pmessage");
    size_t count = has_pattern ? 4 : 3;
    if (reply->count != count || !(has_pattern || reply_is(kind, "message")))
        return false;
    *message = (eddy_redis_message){.channel = eddy_redis_item(reply, count - 2)->text,
                                    .payload = eddy_redis_item(reply, count - 1)->text};
    if (has_pattern)
        message->pattern = eddy_redis_item(reply, 1)->text;
    return true;
}

/* Returns false: the connection is lost. */
eddy_async(bool, receive_one, (eddy_redis_subscription *, s), (eddy_redis_reply **, reply))
{
    struct view view;
    eddy_error err;
    eddy_await(receive_or_ping(s, &view), &err);
    if (err.code && is_final(err.code))
        eddy_raise(err.code, "%s: %s", s->address->label, link_words(&err));
    if (err.code) {
        link_close(&s->link);
        return false;
    }
    *reply = reply_build(&view);
    if (!*reply)
        eddy_raise(ENOMEM, "%s: there is no memory for a message", s->address->label);
    return true;
}

static void end_receiving(eddy_redis_subscription *s)
{
    s->is_busy = false;
}

eddy_async_define(bool, eddy_redis_receive, (eddy_redis_subscription *, s), (eddy_redis_message *, message))
{
    if (s->is_busy)
        eddy_raise(EDDY_STREAM_BUSY, "%s: another task receives the messages", s->address->label);
    s->is_busy = true;
    eddy_defer(end_receiving, s);
    for (;;) {
        eddy_redis_reply *reply;
        if (!s->link.stream)
            eddy_await(subscribe_again(s));
        if (!eddy_await(receive_one(s, &reply)))
            continue;
        eddy_redis_reply_free(s->last);
        s->last = reply;
        if (!read_message(reply, message))
            continue;
        message->after_gap = s->after_gap;
        s->after_gap = false;
        s->failures = 0;
        return true;
    }
}
