/* SPDX-License-Identifier: MIT */
/*
 * copy.c - COPY in and out, piece by piece, on a connection that the task has for itself meanwhile.
 *
 * Invariant: after the block the connection is as before: the COPY has ended on both sides, or the connection is
 * closed.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "failure.h"
#include "link.h"
#include "session.h"

enum { SECONDS_TO_END = 5, MOST_UNSENT = 64 << 10 };

struct eddy_pg_data {
    eddy_pg *own;    /* the connection, out of its pipeline */
    PGconn *pg;      /* of it */
    bool goes_out;   /* from the server */
    bool has_ended;  /* the server has said how it ended */
    char *last;      /* what the reader has */
    size_t unsent;   /* bytes since all was sent */
    int64_t changes; /* rows, after the end */
};

static const char *label_of(const eddy_pg_data *data)
{
    return data->own->pool->address->label;
}

/* ==== the end ==== */

/* Takes all results that are left. One COPY after another: the connection is of no more use. */
eddy_async(void, take_end, (eddy_pg_data *, data))
{
    struct failure failure = {.code = 0};
    bool copies = false;
    for (PGresult *result; !copies && (result = eddy_await(link_result(data->pg))); PQclear(result)) {
        copies = link_is_copying(result);
        if (!failure.code)
            failure_read(&failure, result);
        if (PQresultStatus(result) == PGRES_COMMAND_OK)
            data->changes = strtoll(PQcmdTuples(result), NULL, 10);
    }
    data->has_ended = true;
    if (copies)
        eddy_raise(EINVAL, "%s: eddy_pg_copy runs one statement", label_of(data));
    if (failure.code)
        eddy_raise(failure.code, "%s: %s", label_of(data), failure.words);
}

/* why: the server gives it up; NULL: that was all. */
eddy_async(void, end_in, (eddy_pg_data *, data), (const char *, why))
{
    int put;
    while ((put = PQputCopyEnd(data->pg, why)) == 0)
        eddy_await(link_flush(data->pg));
    if (put < 0)
        eddy_raise(ECONNRESET, "%s: %s", label_of(data),
                   failure_words(PQerrorMessage(data->pg), (char[256]){0}, 256));
    eddy_await(take_end(data));
}

eddy_async_define(int64_t, eddy_pg_finish, (eddy_pg_data *, data))
{
    if (!data->has_ended && data->goes_out)
        eddy_raise(EINVAL, "%s: eddy_pg_finish is for COPY FROM; COPY TO is read to its end", label_of(data));
    if (!data->has_ended)
        eddy_await(end_in(data, NULL));
    return data->changes;
}

/* ==== data ==== */

eddy_async_define(void, eddy_pg_write, (eddy_pg_data *, data), (const void *, bytes), (size_t, size))
{
    if (data->goes_out || data->has_ended)
        eddy_raise(EINVAL, "%s: nothing can be written to this COPY %s", label_of(data),
                   data->goes_out ? "TO" : "any more");
    for (const char *at = bytes; size;) {
        size_t part = size < MOST_UNSENT ? size : MOST_UNSENT;
        int put = PQputCopyData(data->pg, at, (int)part);
        if (put < 0)
            eddy_raise(ECONNRESET, "%s: %s", label_of(data),
                       failure_words(PQerrorMessage(data->pg), (char[256]){0}, 256));
        at += put ? part : 0;
        size -= put ? part : 0;
        data->unsent += part;
        if (put && data->unsent < MOST_UNSENT)
            continue;
        eddy_await(link_flush(data->pg));
        data->unsent = 0;
    }
}

/* Returns the bytes of a piece; 0: there are no more. */
eddy_async(int, next_piece, (eddy_pg_data *, data))
{
    for (int size; (size = PQgetCopyData(data->pg, &data->last, 1)) >= 0;) {
        if (size > 0)
            return size;
        eddy_await(eddy_poll(PQsocket(data->pg), POLLIN));
        if (!PQconsumeInput(data->pg))
            eddy_raise(ECONNRESET, "%s: the connection was lost (%s)", label_of(data),
                       failure_words(PQerrorMessage(data->pg), (char[256]){0}, 256));
    }
    eddy_await(take_end(data));
    return 0;
}

eddy_async_define(bool, eddy_pg_read, (eddy_pg_data *, data), (eddy_slice *, bytes))
{
    if (!data->goes_out)
        eddy_raise(EINVAL, "%s: nothing can be read from COPY FROM", label_of(data));
    PQfreemem(data->last);
    data->last = NULL;
    *bytes = (eddy_slice){"", 0};
    int size = data->has_ended ? 0 : eddy_await(next_piece(data));
    if (size)
        *bytes = (eddy_slice){data->last, (size_t)size};
    return size > 0;
}

/* ==== the block ==== */

eddy_async(void, begin, (eddy_pg_data *, data), (const char *, sql))
{
    struct failure failure = {.code = 0};
    if (!PQsendQuery(data->pg, sql))
        eddy_raise(ECONNRESET, "%s: %s", label_of(data),
                   failure_words(PQerrorMessage(data->pg), failure.words, sizeof failure.words));
    PGresult *result = eddy_await(link_result(data->pg));
    ExecStatusType status = PQresultStatus(result);
    failure_read(&failure, result);
    PQclear(result);
    data->goes_out = status == PGRES_COPY_OUT;
    if (status == PGRES_COPY_IN || data->goes_out)
        return;
    eddy_error err;
    eddy_await(take_end(data), &err);
    if (failure.code)
        eddy_raise(failure.code, "%s: %s", label_of(data), failure.words);
    eddy_raise(EINVAL, "%s: \"%.60s\" is neither COPY ... FROM STDIN nor COPY ... TO STDOUT", label_of(data), sql);
}

/* Left before its end: the server is told, and what it still sends is dropped. */
eddy_async(void, give_up, (eddy_pg_data *, data))
{
    eddy_error err;
    eddy_slice dropped;
    eddy_async_with (shield, eddy_shield(SECONDS_TO_END)) {
        (void)shield;
        if (data->goes_out)
            eddy_detach(eddy_spawn_eager(line_cancel(data->own->line)));
        if (!data->goes_out)
            eddy_await(end_in(data, "the client has given it up"), &err);
        while (!data->has_ended && eddy_await(eddy_pg_read(data, &dropped))) {
        }
    }
}

static struct eddy_pg_copy *copy_of(struct eddy_manager *manager)
{
    return (struct eddy_pg_copy *)(void *)manager;
}

static void free_data(struct eddy_pg_copy *self, eddy_error *err)
{
    eddy_error ending;
    session_make_line(self->value->own);
    eddy_await(session_end(self->value->own, self->of), err->code ? &ending : err);
    PQfreemem(self->value->last);
    free(self->value);
}

eddy_async(eddy_pg_data *, acquire_data, (eddy_pg *, of), (const char *, sql))
{
    eddy_error err, ending;
    eddy_pg_data *data = calloc(1, sizeof *data);
    if (!data || !sql) {
        free(data);
        eddy_raise(sql ? ENOMEM : EINVAL, "%s: there is no %s", of->pool->address->label, sql ? "memory" : "statement");
    }
    data->own = eddy_await_always(session_begin(of), &err);
    if (!err.code) {
        eddy_await_always(session_make_plain(data->own), &err);
        if (!err.code) {
            data->pg = data->own->line->pg;
            return data;
        }
        eddy_await_always(session_end(data->own, of), &ending);
    }
    free(data);
    eddy_reraise(&err);
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_copy *self = copy_of(manager);
    self->value = eddy_await(acquire_data(self->of, self->sql), err);
    if (err->code)
        return;
    eddy_await(begin(self->value, self->sql), err);
    if (err->code)
        free_data(self, err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_pg_copy *self = copy_of(manager);
    eddy_pg_data *data = self->value;
    eddy_error ending;
    if (!err->code && !data->goes_out && !data->has_ended)
        eddy_await(end_in(data, NULL), err);
    if (!data->has_ended)
        eddy_await(give_up(data), &ending);
    free_data(self, err);
}

struct eddy_pg_copy eddy_pg_copy(eddy_pg *db, const char *sql)
{
    return (struct eddy_pg_copy){.manager = {.enter = enter, .exit = leave}, .of = db, .sql = sql};
}
