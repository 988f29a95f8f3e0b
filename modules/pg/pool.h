/* SPDX-License-Identifier: MIT */
/* pool.h - the connections of a client, and the tasks that wait for one. */
#ifndef EDDY_PG_POOL_H
#define EDDY_PG_POOL_H

#include "line.h"

/* What programs have: the connections that all tasks share, or one that a task has for itself. */
struct eddy_pg {
    struct pool *pool;
    struct line *line;  /* its own; NULL: the shared ones */
    bool is_changed;    /* its own: it differs from others */
    unsigned depth;     /* its own: transactions that were begun, one in the other */
};

/* A task that waits for a line of its own: an awaitable. */
struct wish {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct pool *pool;
    struct line *line;          /* the result */
    struct wish *next, **link;  /* while it waits */
};

struct pool {
    eddy_pg handle;             /* first: the program's */
    struct address *address;
    struct line *lines;         /* all that are connected, and those of tasks */
    struct line *lost;          /* for the keeper to free */
    size_t open;                /* connections: those of `lines`, and those that are being made */
    size_t connecting;          /* of them, being made */
    size_t owned;               /* of them, those of tasks */
    struct calls waiting;       /* for a line */
    struct wish *wishes, **wishes_end;
    size_t wish_count;
    bool grows;                 /* all lines were busy: one more */
    bool closing;               /* no new calls */
    bool is_free;               /* the keeper frees all at its end */
    eddy_task *keeper;          /* NULL: it has not begun, or has ended */
    eddy_event work;            /* for the keeper */
    eddy_event ended;           /* the keeper */
    unsigned failures;          /* attempts to connect since the last answer */
    double not_before;          /* the next attempt, in the time of eddy_time() */
};

/* Makes the first connection, and starts the keeper. It uses the address. */
eddy_async_declare(struct pool *, pool_open, (struct address *, address));
/* Runs the statement of a call, whose sql, values, count, effect and own are set. */
eddy_async_declare(eddy_pg_rows *, pool_call, (struct pool *, pool), (struct call, call));
/* A line that only this task uses, for pool_release. */
eddy_async_declare(struct line *, pool_acquire, (struct pool *, pool));
/* reusable: it is as it was when it was acquired; else it is closed. */
void pool_release(struct pool *pool, struct line *line, bool reusable);
eddy_async_declare(void, pool_close, (struct pool *, pool));
void pool_free(struct pool *pool);

/* From lines. */
void pool_serve(struct pool *pool);
void pool_wake(struct pool *pool);
void pool_note_answer(struct pool *pool);
void pool_note_lost(struct pool *pool, struct line *line);

#endif
