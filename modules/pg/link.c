/* SPDX-License-Identifier: MIT */
/*
 * link.c - see link.h.
 *
 * Invariant: libpq is asked for nothing that it would wait for: the descriptor is ready, or it says that it is not
 * busy. PQsetnonblocking makes even PQfinish return at once.
 */
#define EDDY_LIBRARY
#include "link.h"

#include "../shared/retry.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"

static void drop_notice(void *argument, const PGresult *result)
{
    (void)argument;
    (void)result;
}

static void pass_notice(void *argument, const char *text)
{
    const struct address *address = argument;
    address->limits.notice(text, address->limits.notice_argument);
}

static void set_notices(PGconn *pg, const struct address *address)
{
    if (address->limits.notice)
        PQsetNoticeProcessor(pg, pass_notice, (void *)(uintptr_t)address);
    else
        PQsetNoticeReceiver(pg, drop_notice, NULL);
}

static void finish(PGconn **pg)
{
    PQfinish(*pg);
}

/* Of the key, while a connection is made. */
struct trace {
    PGconn *pg;
    FILE *file; /* NULL: there is none */
};

static void end_trace(struct trace *trace)
{
    key_noted(trace->pg, trace->file);
}

/* NULL: no memory. */
static PGconn *begin(const struct address *a, const struct place *place)
{
    const char *names[MOST_SETTINGS] = {"host", "hostaddr", "port"};
    const char *values[MOST_SETTINGS] = {place->hosts.data, place->numbers.data, place->ports.data};
    memcpy(names + 3, a->names, a->count * sizeof *names);
    memcpy(values + 3, a->values, a->count * sizeof *values);
    return PQconnectStartParams(names, values, 0);
}

/* The descriptor may be another one after each call. */
eddy_async(PGconn *, connect_to, (const struct address *, a), (const struct place *, place), (struct key *, key))
{
    PGconn *pg = begin(a, place), *opened = pg;
    eddy_defer(finish, &pg);
    if (!pg)
        eddy_raise(ENOMEM, "there is no memory for a connection");
    set_notices(pg, a);
    struct trace trace = {pg, key ? key_note(key, pg) : NULL};
    eddy_defer(end_trace, &trace);
    PostgresPollingStatusType status = PQstatus(pg) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        eddy_await(eddy_poll(PQsocket(pg), status == PGRES_POLLING_READING ? POLLIN : POLLOUT));
        status = PQconnectPoll(pg);
    }
    char words[512];
    if (status != PGRES_POLLING_OK || PQsetnonblocking(pg, 1) != 0)
        eddy_raise(failure_of_connecting(PQerrorMessage(pg)), "%s", failure_words(PQerrorMessage(pg), words, 512));
    pg = NULL;
    return opened;
}

eddy_async_free(connect_to, PQfinish);

eddy_async(PGconn *, find_and_connect, (const struct address *, address), (struct key *, key))
{
    struct place place = {.count = 0};
    eddy_defer(place_free, &place);
    eddy_await(address_find(address, &place));
    return eddy_await(connect_to(address, &place, key));
}

eddy_async_free(find_and_connect, PQfinish);

eddy_async_define(PGconn *, link_open, (const struct address *, address), (struct key *, key))
{
    eddy_error err;
    double seconds = address->limits.connect_seconds;
    PGconn *pg = eddy_await_for(find_and_connect(address, key), seconds, &err);
    if (err.code == ETIMEDOUT)
        eddy_raise(ETIMEDOUT, "%s: no connection was made within %g seconds", address->label, seconds);
    if (err.code)
        eddy_raise(err.code, "%s: %s", address->label, *err.message ? err.message : eddy_error_text(err.code));
    return pg;
}

eddy_async_free(link_open, PQfinish);

/* ==== asking ==== */

eddy_async_define(void, link_flush, (PGconn *, pg))
{
    char words[512];
    for (int left; (left = PQflush(pg));) {
        int events = left > 0 ? eddy_await(eddy_poll(PQsocket(pg), POLLIN | POLLOUT)) : 0;
        if (left < 0 || ((events & POLLIN) && !PQconsumeInput(pg))) /* the server may wait until it is heard */
            eddy_raise(ECONNRESET, "the connection was lost (%s)", failure_words(PQerrorMessage(pg), words, 512));
    }
}

eddy_async_define(PGresult *, link_result, (PGconn *, pg))
{
    char words[512];
    eddy_await(link_flush(pg));
    while (PQisBusy(pg)) {
        eddy_await(eddy_poll(PQsocket(pg), POLLIN));
        if (!PQconsumeInput(pg))
            eddy_raise(ECONNRESET, "the connection was lost (%s)", failure_words(PQerrorMessage(pg), words, 512));
    }
    return PQgetResult(pg);
}

eddy_async_free(link_result, PQclear);

bool link_is_copying(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

eddy_async_define(void, link_run, (PGconn *, pg), (const char *, sql), (const char *, label))
{
    struct failure failure = {.code = 0};
    if (!PQsendQuery(pg, sql))
        eddy_raise(PQstatus(pg) == CONNECTION_BAD ? ECONNRESET : EIO, "%s: %s", label,
                   failure_words(PQerrorMessage(pg), failure.words, sizeof failure.words));
    bool copies = false;
    for (PGresult *result; !copies && (result = eddy_await(link_result(pg))); PQclear(result)) {
        copies = link_is_copying(result);
        if (!failure.code)
            failure_read(&failure, result);
    }
    if (copies)
        eddy_raise(EINVAL, "%s: COPY is what eddy_pg_copy does", label);
    if (failure.code)
        eddy_raise(failure.code, "%s: %s", label, failure.words);
}

double link_delay(const struct address *address, unsigned failures)
{
    return retry_delay(failures, address->limits.first_delay, address->limits.longest_delay);
}
