/* SPDX-License-Identifier: MIT */
/* line.h - a connection, its two tasks, and the calls of all others. */
#ifndef EDDY_REDIS_LINE_H
#define EDDY_REDIS_LINE_H

#include "call.h"
#include "link.h"
#include "queue.h"

struct eddy_redis {
    struct address *address;
    struct link link;
    bool connected;           /* the link is open, and calls are sent on it */
    bool is_own;              /* one task's own: it is not connected again */
    bool is_lost;             /* its own: the connection was lost */
    bool is_held, is_changed; /* its own: it differs from others, until EXEC or for ever */
    bool closing;             /* no new calls */
    bool is_free;             /* the keeper frees all at its end */
    eddy_task *keeper;        /* NULL: it has ended, and nothing is sent any more */
    eddy_buffer unsent, sending;
    struct queue due;         /* calls that were sent */
    struct call *first, **end; /* calls that wait for a connection, or for room */
    eddy_event wanted;        /* a call waits for a connection */
    eddy_event more;          /* there is something to send */
    eddy_event ended;         /* the keeper */
    unsigned failures;        /* connections since the last reply */
    double not_before;        /* the next attempt to connect, in the time of eddy_time() */
    eddy_semaphore room;      /* for connections of tasks' own */
    eddy_redis *idle, *next;  /* those that no task uses; in that list */
};

/* Connects and starts the tasks. own: see eddy_redis_acquire. It uses the address. */
eddy_async_declare(eddy_redis *, line_open, (struct address *, address), (bool, own));
/* Sends what the call says; its reply is in it afterwards. */
eddy_async_declare(eddy_redis_reply *, line_call, (eddy_redis *, r), (struct call, call));

#endif
