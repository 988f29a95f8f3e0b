/* SPDX-License-Identifier: MIT */
/* connection.h - a connection's thread, and the jobs that it does for tasks. */
#ifndef EDDY_SQLITE_CONNECTION_H
#define EDDY_SQLITE_CONNECTION_H

#include <pthread.h>
#include <sqlite3.h>

#include "eddy/sqlite.h"

/* An awaitable: what a task wants to have done on the thread. It is the thread's from its start to its completion. */
struct job {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_sqlite *db;
    void (*work)(struct job *job); /* on the thread; sets what follows */
    const char *text;              /* a path, or statements */
    struct eddy_sqlite_values values;
    eddy_sqlite_rows *rows;
    int code;                      /* errno value; 0: it was done */
    char message[256];             /* SQLite's words */
    struct job *next, *previous;   /* in the queue of the thread */
    bool is_queued;                /* the thread has not taken it yet */
    eddy_loop *loop;               /* whose task waits */
    bool cancelled;                /* atomic: the task gives it up */
};

struct eddy_sqlite {
    pthread_t thread;
    pthread_mutex_t lock;   /* of all below */
    pthread_cond_t changed;
    struct job *first, *last; /* the queue */
    struct job *running;    /* NULL: none; only the thread changes it */
    struct timespec patience; /* until then the running job waits for locks; the thread's */
    bool ends;              /* the thread ends when the queue is empty */
    bool is_free;           /* nobody waits for that: the thread frees all */
    sqlite3 *handle;        /* of the thread, but for sqlite3_interrupt; only the thread changes it */
};

/* Starts the thread. NULL, and *error: an errno value. */
eddy_sqlite *connection_new(int *error);
/* Ends it: the connection is closed and freed when the thread has nothing to do. waits: it has nothing to do now. */
void connection_end(eddy_sqlite *db, bool waits);
/* The job: await(&job). It completes with what it set, or fails with ECANCELED. */
struct job connection_job(eddy_sqlite *db, void (*work)(struct job *job), const char *text);

/* On the thread: the handle whose statements end when their task gives them up; NULL: none. */
void connection_set(eddy_sqlite *db, sqlite3 *handle);
/* On the thread: an errno value and a message from the result of a call of SQLite. */
void job_fail(struct job *job, int result);

#endif
