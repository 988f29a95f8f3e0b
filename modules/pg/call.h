/* SPDX-License-Identifier: MIT */
/* call.h - a statement that a task wants to have run, and the rows that it gets: an awaitable. */
#ifndef EDDY_PG_CALL_H
#define EDDY_PG_CALL_H

#include <libpq-fe.h>

#include "eddy/pg.h"
#include "statement.h"

struct line;
struct pool;

/* It lies on the stack of its task, and is the pool's from its start to its completion. */
struct call {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct pool *pool;
    struct line *own;            /* the only line that may run it; NULL: any that tasks share */
    const char *sql;
    const eddy_pg_value *values;
    size_t count;
    enum effect effect;
    bool is_repeatable;          /* an error leaves nothing of what it did, so that it can be sent again */
    eddy_pg_rows *rows;          /* the result */
    struct line *line;           /* where it was sent; NULL: it waits */
    uint64_t number;             /* its place in that line's queue */
    unsigned attempts;           /* how often it was sent */
    struct call *next, **link;   /* while it waits */
};

/* Calls that wait. */
struct calls {
    struct call *first, **end;
};

void calls_init(struct calls *calls);
void calls_add(struct calls *calls, struct call *call);
void calls_remove(struct calls *calls, struct call *call);
/* All of them fail. */
void calls_fail(struct calls *calls, int code, const char *label, const char *why);

/* Sends the statement with its values: to be prepared under this name before, or unprepared if there is no name.
 * False: libpq says why. */
bool call_send(const struct call *call, PGconn *pg, const char *name, bool prepares);
/* Completes it by a result of the server, which it takes over. */
void call_finish(struct call *call, PGresult *result, const char *label);
void call_fail(struct call *call, int code, const char *label, const char *why);

#endif
