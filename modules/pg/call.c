/* SPDX-License-Identifier: MIT */
/*
 * call.c - see call.h.
 *
 * Invariant: libpq copies what is sent, so nothing of a call that was given up is needed any more.
 */
#define EDDY_LIBRARY
#include "call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "failure.h"
#include "../shared/number.h"
#include "rows.h"

/* ==== waiting ==== */

void calls_init(struct calls *calls)
{
    calls->first = NULL;
    calls->end = &calls->first;
}

void calls_add(struct calls *calls, struct call *call)
{
    call->next = NULL;
    call->link = calls->end;
    *calls->end = call;
    calls->end = &call->next;
}

void calls_remove(struct calls *calls, struct call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    else
        calls->end = call->link;
    call->link = NULL;
}

void calls_fail(struct calls *calls, int code, const char *label, const char *why)
{
    for (struct call *call; (call = calls->first);) {
        calls_remove(calls, call);
        call_fail(call, code, label, why);
    }
}

/* ==== sending ==== */

enum { DIGITS = 32, FEW = EDDY_PG_MOST_VALUES };

/* The values as libpq takes them. */
struct parameters {
    const char **at;
    int *sizes, *formats;
    char (*digits)[DIGITS];
};

static void set_parameter(const struct parameters *p, size_t i, const eddy_pg_value *value)
{
    p->at[i] = p->digits[i];
    p->sizes[i] = 0;
    p->formats[i] = 0;
    if (value->kind == EDDY_PG_INTEGER && value->is_unsigned)
        snprintf(p->digits[i], DIGITS, "%" PRIu64, (uint64_t)value->u.integer);
    else if (value->kind == EDDY_PG_INTEGER)
        snprintf(p->digits[i], DIGITS, "%" PRId64, value->u.integer);
    else if (value->kind == EDDY_PG_REAL)
        number_format(value->u.real, p->digits[i], DIGITS);
    else if (value->kind == EDDY_PG_BOOLEAN)
        p->at[i] = value->u.integer ? "t" : "f";
    else if (value->kind == EDDY_PG_TEXT)
        p->at[i] = value->u.text;
    else if (value->kind == EDDY_PG_BYTES)
        p->at[i] = value->u.bytes.size ? value->u.bytes.data : "";
    else
        p->at[i] = NULL;
    if (value->kind == EDDY_PG_BYTES) {
        p->sizes[i] = (int)value->u.bytes.size;
        p->formats[i] = 1;
    }
}

static bool send(const struct call *call, PGconn *pg, const char *name, const struct parameters *p)
{
    for (size_t i = 0; i < call->count; i++)
        set_parameter(p, i, &call->values[i]);
    int count = (int)call->count;
    if (name)
        return PQsendQueryPrepared(pg, name, count, p->at, p->sizes, p->formats, 0);
    return PQsendQueryParams(pg, call->sql, count, NULL, p->at, p->sizes, p->formats, 0);
}

static bool send_many(const struct call *call, PGconn *pg, const char *name)
{
    size_t count = call->count;
    struct parameters p = {calloc(count, sizeof *p.at), calloc(count, sizeof *p.sizes),
                           calloc(count, sizeof *p.formats), calloc(count, sizeof *p.digits)};
    bool sent = p.at && p.sizes && p.formats && p.digits && send(call, pg, name, &p);
    free(p.at);
    free(p.sizes);
    free(p.formats);
    free(p.digits);
    return sent;
}

bool call_send(const struct call *call, PGconn *pg, const char *name, bool prepares)
{
    const char *at[FEW];
    int sizes[FEW], formats[FEW];
    char digits[FEW][DIGITS];
    struct parameters few = {at, sizes, formats, digits};
    if (prepares && !PQsendPrepare(pg, name, call->sql, 0, NULL))
        return false;
    return call->count <= FEW ? send(call, pg, name, &few) : send_many(call, pg, name);
}

/* ==== the end ==== */

void call_fail(struct call *call, int code, const char *label, const char *why)
{
    eddy_complete_error(call, code, "%s: %s", label, why);
}

static bool is_success(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

void call_finish(struct call *call, PGresult *result, const char *label)
{
    struct failure failure = {.code = 0};
    const char *why = failure.words;
    if (is_success(result)) {
        call->rows = rows_new(result, &failure.code, &why);
        if (call->rows) {
            eddy_complete(call);
            return;
        }
    } else {
        failure_read(&failure, result);
        if (PQresultStatus(result) == PGRES_EMPTY_QUERY)
            snprintf(failure.words, sizeof failure.words, "there is no statement");
        else if (!failure.code)
            snprintf(failure.words, sizeof failure.words, "it cannot be run here: %s",
                     PQresStatus(PQresultStatus(result)));
        failure.code = failure.code ? failure.code : EINVAL;
        PQclear(result);
    }
    call_fail(call, failure.code, label, why);
}
