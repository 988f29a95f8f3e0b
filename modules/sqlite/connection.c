/* SPDX-License-Identifier: MIT */
/*
 * connection.c - a thread for each connection, since SQLite waits for the disk and for locks.
 *
 * Invariant: a job is in the queue, or running, from its start until its end was posted to the loop of its task; there
 * it completes. A task that is cancelled interrupts its job and waits for that.
 */
#define EDDY_LIBRARY
#include "connection.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ==== on the loop's thread ==== */

// [awaitable]
static struct job *job_of(struct eddy_awaitable *a)
{
    return (struct job *)(void *)a;
}

static void start(struct eddy_awaitable *a)
{
    struct job *job = job_of(a);
    eddy_sqlite *db = job->db;
    job->loop = eddy_current_loop();
    eddy_sim_hold(job->loop);
    pthread_mutex_lock(&db->lock);
    if (db->last)
        db->last->next = job;
    else
        db->first = job;
    db->last = job;
    pthread_cond_signal(&db->changed);
    pthread_mutex_unlock(&db->lock);
}

static void cancel(struct eddy_awaitable *a)
{
    struct job *job = job_of(a);
    pthread_mutex_lock(&job->db->lock);
    __atomic_store_n(&job->cancelled, true, __ATOMIC_RELAXED); /* gives_up reads it without the lock */
    if (job->db->running == job && job->db->handle)
        sqlite3_interrupt(job->db->handle);
    pthread_mutex_unlock(&job->db->lock);
}

/* What was done in spite of a request to end is not lost. */
static void complete(void *argument)
{
    struct job *job = argument;
    eddy_sim_release(job->loop);
    if (job->cancelled && job->code == ECANCELED)
        eddy_complete_error(job, ECANCELED);
    else
        eddy_complete(job);
}

static const struct eddy_awaitable_type job_type = {
    .name = "sqlite", .start = start, .cancel = cancel, .kind = EDDY_IO};
// [awaitable]

struct job connection_job(eddy_sqlite *db, void (*work)(struct job *job), const char *text)
{
    return (struct job){EDDY_AWAITABLE_INIT(&job_type), .db = db, .work = work, .text = text};
}

/* ==== on the connection's thread ==== */

enum { STEPS_BETWEEN_LOOKS = 1000 }; /* of SQLite's machine: some microseconds */

static int code_of(int result)
{
    switch (result & 0xff) {
    case SQLITE_INTERRUPT: return ECANCELED;
    case SQLITE_NOMEM: return ENOMEM;
    case SQLITE_BUSY: case SQLITE_LOCKED: return EBUSY;
    case SQLITE_CONSTRAINT: return EEXIST;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_CANTOPEN: return ENOENT;
    case SQLITE_PERM: case SQLITE_AUTH: return EACCES;
    case SQLITE_NOTADB: case SQLITE_CORRUPT: return EBADMSG;
    case SQLITE_TOOBIG: return EMSGSIZE;
    case SQLITE_ERROR: case SQLITE_RANGE: case SQLITE_MISUSE: case SQLITE_MISMATCH: return EINVAL;
    default: return EIO;
    }
}

/* SQLite asks it while a statement runs. sqlite3_interrupt alone does nothing between the start of a job and the first
 * step of its statement. */
static int gives_up(void *argument)
{
    const eddy_sqlite *db = argument;
    return db->running && __atomic_load_n(&db->running->cancelled, __ATOMIC_RELAXED);
}

void connection_set(eddy_sqlite *db, sqlite3 *handle)
{
    if (handle)
        sqlite3_progress_handler(handle, STEPS_BETWEEN_LOOKS, gives_up, db);
    pthread_mutex_lock(&db->lock);
    db->handle = handle;
    pthread_mutex_unlock(&db->lock);
}

void job_fail(struct job *job, int result)
{
    sqlite3 *handle = job->db->handle;
    job->code = code_of(result);
    strncpy(job->message, handle ? sqlite3_errmsg(handle) : sqlite3_errstr(result), sizeof job->message - 1);
}

/* Waits for the next job. NULL: the thread ends. */
static struct job *take(eddy_sqlite *db)
{
    pthread_mutex_lock(&db->lock);
    while (!db->first && !db->ends)
        pthread_cond_wait(&db->changed, &db->lock);
    struct job *job = db->first;
    if (job && !(db->first = job->next))
        db->last = NULL;
    db->running = job;
    if (job && job->cancelled)
        job->code = ECANCELED;
    pthread_mutex_unlock(&db->lock);
    return job;
}

// [hand-over]
static void hand_over(eddy_sqlite *db, struct job *job)
{
    eddy_loop *loop = job->loop;
    pthread_mutex_lock(&db->lock);
    db->running = NULL;
    pthread_mutex_unlock(&db->lock);
    while (eddy_call_soon_threadsafe(loop, complete, job) == ENOMEM) /* the task waits until it is told */
        usleep(1000);
}
// [hand-over]

static void free_connection(eddy_sqlite *db)
{
    pthread_cond_destroy(&db->changed);
    pthread_mutex_destroy(&db->lock);
    free(db);
}

static void *run(void *argument)
{
    eddy_sqlite *db = argument;
    for (struct job *job; (job = take(db)); hand_over(db, job))
        if (!job->code)
            job->work(job);
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
    if (db->is_free)
        free_connection(db);
    return NULL;
}

/* ==== the thread ==== */

/* Signals are for the threads of the program. */
static int start_thread(eddy_sqlite *db)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&db->thread, NULL, run, db);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

eddy_sqlite *connection_new(int *error)
{
    eddy_sqlite *db = calloc(1, sizeof *db);
    *error = ENOMEM;
    if (!db)
        return NULL;
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->changed, NULL);
    *error = start_thread(db);
    if (!*error)
        return db;
    free_connection(db);
    return NULL;
}

void connection_end(eddy_sqlite *db, bool waits)
{
    pthread_t thread = db->thread;
    pthread_mutex_lock(&db->lock);
    db->ends = true;
    db->is_free = !waits;
    pthread_cond_signal(&db->changed);
    pthread_mutex_unlock(&db->lock);
    if (!waits) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    free_connection(db);
}
