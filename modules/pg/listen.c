/* SPDX-License-Identifier: MIT */
/*
 * listen.c - notifications of other sessions, on a connection of its own.
 *
 * Invariant: no task runs for it. The consumer's task reads, so that a slow one slows its own connection down, and
 * connects again when the connection is lost.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "pool.h"

struct eddy_pg_subscription {
    struct address *address;
    PGconn *pg;          /* NULL: not connected */
    eddy_buffer names;   /* of the channels, with a 0 byte after each */
    PGnotify *last;      /* what the consumer has */
    unsigned failures;   /* connections since the last notification */
    bool after_gap;      /* the next one comes over another connection */
    bool is_busy;        /* a task receives */
};

/* Another attempt would not help. */
static bool is_final(int code)
{
    static const int codes[] = {EACCES, EBADMSG, EINVAL, ENOMEM, ECANCELED, EDDY_TLS_CERTIFICATE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* ==== connecting ==== */

static void lose(eddy_pg_subscription *s)
{
    PQfinish(s->pg);
    s->pg = NULL;
}

static bool append_listen(eddy_buffer *sql, PGconn *pg, const char *channel)
{
    char *quoted = PQescapeIdentifier(pg, channel, strlen(channel));
    bool appended = quoted && eddy_buffer_append(sql, "listen ", 7) &&
                    eddy_buffer_append(sql, quoted, strlen(quoted)) && eddy_buffer_append(sql, ";", 1);
    PQfreemem(quoted);
    return appended;
}

eddy_async(void, listen_to_all, (eddy_pg_subscription *, s))
{
    eddy_buffer sql = {0};
    eddy_defer(eddy_buffer_free, &sql);
    for (size_t at = 0; at < s->names.size; at += strlen(s->names.data + at) + 1)
        if (!append_listen(&sql, s->pg, s->names.data + at))
            eddy_raise(ENOMEM, "%s: there is no memory for LISTEN", s->address->label);
    eddy_await(link_run(s->pg, sql.data, s->address->label));
}

eddy_async(void, subscribe, (eddy_pg_subscription *, s))
{
    eddy_error err;
    s->pg = eddy_await(link_open(s->address, NULL));
    eddy_await_always(listen_to_all(s), &err);
    if (!err.code)
        return;
    lose(s);
    eddy_reraise(&err);
}

eddy_async(void, subscribe_again, (eddy_pg_subscription *, s))
{
    for (eddy_error err;;) {
        eddy_await(eddy_sleep(link_delay(s->address, s->failures)));
        s->failures++;
        eddy_await(subscribe(s), &err);
        if (!err.code)
            break;
        if (is_final(err.code))
            eddy_reraise(&err);
    }
    s->after_gap = true;
}

/* ==== beginning, ending ==== */

void eddy_pg_unlisten(eddy_pg_subscription *s)
{
    if (!s)
        return;
    lose(s);
    eddy_buffer_free(&s->names);
    PQfreemem(s->last);
    address_drop(s->address);
    free(s);
}

static void free_unless_subscribed(eddy_pg_subscription **s)
{
    eddy_pg_unlisten(*s);
}

static bool add_names(eddy_pg_subscription *s, const struct eddy_pg_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!eddy_buffer_append(&s->names, names->at[i], strlen(names->at[i]) + 1))
            return false;
    return true;
}

static bool are_names(const struct eddy_pg_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!names->at[i] || !*names->at[i])
            return false;
    return names->count > 0;
}

eddy_async_define(eddy_pg_subscription *, eddy_pg_listen_names, (eddy_pg *, db), (struct eddy_pg_names, names))
{
    struct address *address = db->pool->address;
    if (!are_names(&names))
        eddy_raise(EINVAL, "%s: a channel has no name", address->label);
    eddy_pg_subscription *s = calloc(1, sizeof *s), *subscribed = s;
    if (!s)
        eddy_raise(ENOMEM, "%s: there is no memory for a subscription", address->label);
    eddy_defer(free_unless_subscribed, &s);
    s->address = address_use(address);
    if (!add_names(s, &names))
        eddy_raise(ENOMEM, "%s: there is no memory for a subscription", address->label);
    eddy_await(subscribe(s));
    s = NULL;
    return subscribed;
}

eddy_async_free(eddy_pg_listen_names, eddy_pg_unlisten);

/* ==== receiving ==== */

static void end_receiving(eddy_pg_subscription *s)
{
    s->is_busy = false;
}

/* False: there is none yet. */
static bool take(eddy_pg_subscription *s, eddy_pg_notification *notification)
{
    PGnotify *n = PQnotifies(s->pg);
    if (!n)
        return false;
    PQfreemem(s->last);
    s->last = n;
    *notification = (eddy_pg_notification){{n->relname, strlen(n->relname)}, {n->extra, strlen(n->extra)}, n->be_pid,
                                           s->after_gap};
    s->after_gap = false;
    s->failures = 0;
    return true;
}

eddy_async_define(bool, eddy_pg_receive, (eddy_pg_subscription *, s), (eddy_pg_notification *, notification))
{
    if (s->is_busy)
        eddy_raise(EDDY_STREAM_BUSY, "%s: another task receives the notifications", s->address->label);
    s->is_busy = true;
    eddy_defer(end_receiving, s);
    for (;;) {
        if (!s->pg)
            eddy_await(subscribe_again(s));
        if (take(s, notification))
            return true;
        if (PQstatus(s->pg) == CONNECTION_BAD) { /* after the notifications that had come */
            lose(s);
            continue;
        }
        eddy_await(eddy_poll(PQsocket(s->pg), POLLIN));
        if (!PQconsumeInput(s->pg) && PQstatus(s->pg) != CONNECTION_BAD)
            lose(s);
    }
}

eddy_async_define(void, eddy_pg_notify, (eddy_pg *, db), (const char *, channel), (const char *, payload))
{
    eddy_pg_value values[] = {ed_pg_text(channel), ed_pg_text(payload)};
    eddy_pg_rows_free(eddy_await(eddy_pg_query_array(db, "select pg_notify($1, $2)", values, 2)));
}
