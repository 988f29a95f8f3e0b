/* SPDX-License-Identifier: MIT */
/* line.h - a connection in libpq's pipeline mode, and the calls that were sent on it. */
#ifndef EDDY_PG_LINE_H
#define EDDY_PG_LINE_H

#include "call.h"
#include "cancel.h"

/* A call that was sent. */
struct sent {
    struct call *call;            /* NULL: it was given up */
    uint64_t statement;           /* the number of the prepared statement that it uses; 0: none */
    unsigned preparations;        /* results that come before its own: of DEALLOCATE and of preparing it */
    bool is_preparing;            /* of preparing it is one of them */
};

struct line {
    PGconn *pg;                   /* NULL: the connection was lost or closed */
    int descriptor;               /* a duplicate of its own, which the loop watches */
    struct pool *pool;
    struct line *next;            /* of the pool */
    struct key key;               /* for requests to cancel */
    struct sent *at;              /* the queue */
    size_t capacity;              /* of it: a power of two, or 0 */
    uint64_t first, end;          /* numbers of the next call that the server answers, and of the one after the last */
    PGresult *result;             /* of the first one, so far */
    unsigned successes;           /* results of it that were no rows and no error */
    struct statements statements;
    struct calls held;            /* its own: calls that wait until what was given up has ended */
    uint64_t suspects;            /* calls with lower numbers may have been hit by a request to cancel another one */
    unsigned doubts;              /* so many requests were sent and not confirmed: each may still hit one call */
    uint64_t asked;               /* the server was told to give up calls with lower numbers */
    bool is_own;                  /* one task's */
    bool is_reserved;             /* will be one task's: no more calls */
    bool is_watched;              /* the loop watches the descriptor */
    bool is_doomed;               /* to be closed as soon as its task is ready with it */
    bool is_writing;              /* waits until the descriptor can be written to */
    bool is_plain;                /* not in pipeline mode: a task waits for the results itself */
    bool wants_cancel;            /* the first call was given up: tell the server */
    bool is_cancelling;           /* the server is being told */
    bool is_gone;                 /* closed while that is under way, whose end frees the line */
};

/* Takes the connection over. NULL: no memory, or not a connection that can be used; it is closed. */
struct line *line_new(struct pool *pool, PGconn *pg, struct key key);
size_t line_due(const struct line *line);
/* Sends a call, or keeps it until it can be sent. It may complete at once, by a failure. */
void line_send(struct line *line, struct call *call);
/* Its task has given a call up that was sent. */
void line_give_up(struct line *line, struct call *call);
/* All calls fail, and the connection is closed. The line remains, for line_free. */
void line_lose(struct line *line, int code, const char *why);
/* Closes and frees it. NULL is allowed. */
void line_free(struct line *line);

/* Leaves pipeline mode, so that a task can use the connection itself; no call is due. False: libpq refuses. */
bool line_make_plain(struct line *line);
/* Reverses it, or loses the line. */
void line_make_line(struct line *line);
/* Tells the server to give up what it does; on a task that lives until then. */
eddy_async_declare(void, line_cancel, (struct line *, line));

#endif
