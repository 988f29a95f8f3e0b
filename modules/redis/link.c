/* SPDX-License-Identifier: MIT */
/*
 * link.c - see link.h.
 *
 * HELLO 3 logs in and chooses RESP3 at once. A server that does not know it (before Redis 6) gets AUTH instead.
 */
#define EDDY_LIBRARY
#include "link.h"

#include "../shared/retry.h"

#include <errno.h>
#include <string.h>

#include "command.h"
#include "reply.h"

/* ==== bytes ==== */

int link_error(enum reader_result result)
{
    return result == READER_LARGE ? EMSGSIZE : EBADMSG;
}

eddy_async_define(void, link_receive, (struct link *, link), (struct view *, view))
{
    for (;;) {
        eddy_slice bytes;
        enum reader_result result = reader_next(&link->reader, view);
        if (result == READER_REPLY)
            return;
        if (result != READER_MORE)
            eddy_raise(link_error(result), "%s", link->reader.why);
        if (!reader_keep(&link->reader))
            eddy_raise(ENOMEM, "a reply");
        if (eddy_await(eddy_stream_read_some(link->stream, &bytes)) == 0)
            eddy_raise(ECONNRESET, "the server closed the connection");
        if (!reader_give(&link->reader, bytes))
            eddy_raise(ENOMEM, "a reply");
    }
}

eddy_async_define(eddy_redis_reply *, link_ask, (struct link *, link), (const eddy_buffer *, command))
{
    struct view view;
    eddy_await(eddy_stream_write(link->stream, command->data, command->size));
    do
        eddy_await(link_receive(link, &view));
    while (*view.data == '>'); /* nobody has asked for it */
    eddy_redis_reply *reply = reply_build(&view);
    if (!reply)
        eddy_raise(ENOMEM, "a reply");
    return reply;
}

void link_close(struct link *link)
{
    eddy_stream_abort(link->stream);
    link->stream = NULL;
    reader_reset(&link->reader);
}

/* ==== the login ==== */

static void free_reply(eddy_redis_reply **reply)
{
    eddy_redis_reply_free(*reply);
}

/* Returns true; false: the server refuses the command because it does not know it (lenient). */
eddy_async(bool, ask, (struct link *, link), (const eddy_redis_word *, words), (size_t, count), (bool, lenient))
{
    eddy_buffer command = {0};
    eddy_defer(eddy_buffer_free, &command);
    const char *why;
    int code = command_append(&command, words, count, &why);
    if (code)
        eddy_raise(code, "%s", why);
    eddy_redis_reply *reply = eddy_await(link_ask(link, &command));
    eddy_defer(free_reply, &reply);
    if (reply->kind != EDDY_REDIS_ERROR)
        return true;
    const char *text = eddy_redis_text(reply);
    if (lenient && (strncmp(text, "NOPROTO", 7) == 0 || strncmp(text, "ERR unknown command", 19) == 0))
        return false;
    eddy_raise(command_error(text), "%.*s: %s", (int)words[0].u.bytes.size, words[0].u.bytes.data, text);
}

static size_t hello(const struct address *a, eddy_redis_word words[7])
{
    size_t count = 0;
    words[count++] = ed_redis_string("HELLO");
    words[count++] = ed_redis_string("3");
    if (a->password) {
        words[count++] = ed_redis_string("AUTH");
        words[count++] = ed_redis_string(a->user ? a->user : "default");
        words[count++] = ed_redis_string(a->password);
    }
    if (a->name) {
        words[count++] = ed_redis_string("SETNAME");
        words[count++] = ed_redis_string(a->name);
    }
    return count;
}

eddy_async(void, log_in_by_resp2, (struct link *, link), (const struct address *, a))
{
    eddy_redis_word words[3] = {ed_redis_string("AUTH")};
    size_t count = 1;
    if (a->user)
        words[count++] = ed_redis_string(a->user);
    if (a->password) {
        words[count++] = ed_redis_string(a->password);
        eddy_await(ask(link, words, count, false));
    }
    if (a->name) {
        eddy_redis_word named[] = {ed_redis_string("CLIENT"), ed_redis_string("SETNAME"), ed_redis_string(a->name)};
        eddy_await(ask(link, named, 3, false));
    }
}

eddy_async(void, log_in, (struct link *, link), (const struct address *, a))
{
    eddy_redis_word words[7];
    size_t count = hello(a, words);
    bool speaks_resp3 = false;
    if (a->limits.protocol != 2)
        speaks_resp3 = eddy_await(ask(link, words, count, a->limits.protocol != 3));
    if (!speaks_resp3)
        eddy_await(log_in_by_resp2(link, a));
    if (!a->password && a->limits.protocol == 2) { /* is it Redis, and does it want a login? */
        words[0] = ed_redis_string("PING");
        eddy_await(ask(link, words, 1, false));
    }
    if (a->database) {
        words[0] = ed_redis_string("SELECT");
        words[1] = ed_redis_signed(a->database);
        eddy_await(ask(link, words, 2, false));
    }
}

/* ==== connecting ==== */

eddy_async(void, connect_to, (struct link *, link), (const struct address *, a))
{
    link->reader.limit = a->limits.reply_limit;
    if (!a->host)
        link->stream = eddy_await(eddy_open_unix_connection(a->path));
    else if (a->has_tls)
        link->stream = eddy_await(eddy_open_tls_connection(a->host, a->port, a->limits.tls));
    else
        link->stream = eddy_await(eddy_open_connection(a->host, a->port));
    eddy_await(log_in(link, a));
}

static void close_unless_open(struct link **link)
{
    if (*link)
        link_close(*link);
}

eddy_async_define(void, link_open, (struct link *, link), (const struct address *, address))
{
    eddy_error err;
    struct link *opened = link;
    eddy_defer(close_unless_open, &opened);
    double seconds = address->limits.connect_seconds;
    eddy_await_for(connect_to(link, address), seconds, &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(ETIMEDOUT, "no connection was made within %g seconds", seconds);
    if (err.code)
        eddy_reraise(&err);
    opened = NULL;
}

const char *link_words(const eddy_error *err)
{
    return *err->message ? err->message : eddy_error_text(err->code);
}

double link_delay(const struct address *address, unsigned failures)
{
    return retry_delay(failures, address->limits.first_delay, address->limits.longest_delay);
}
