/* SPDX-License-Identifier: MIT */
/*
 * connection.c - a thread for each connection, since SQLite waits for the disk and for locks.
 *
 * Invariant: a job is in the queue, or running, from its start until its end was posted to the loop of its task; there
 * it completes. A task that is cancelled takes its job out of the queue; if it is running, it interrupts the job and
 * waits for its end.
 */
#define EDDY_LIBRARY
#include "connection.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ==== on the loop's thread ==== */

/* The queue, under the lock. */
static void enqueue(eddy_sqlite *db, struct job *job)
{
    job->is_queued = true;
    job->previous = db->last;
    *(db->last ? &db->last->next : &db->first) = job;
    db->last = job;
}

static void dequeue(eddy_sqlite *db, struct job *job)
{
    job->is_queued = false;
    *(job->previous ? &job->previous->next : &db->first) = job->next;
    *(job->next ? &job->next->previous : &db->last) = job->previous;
}

// [awaitable]
static void finish(struct job *job, int code)
{
    eddy_sim_release(job->loop);
    if (code)
        eddy_complete_error(job, code);
    else
        eddy_complete(job);
}

/* What was done in spite of a request to end is not lost. */
static void complete(void *argument)
{
    struct job *job = argument;
    finish(job, job->cancelled && job->code == ECANCELED ? ECANCELED : 0);
}

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
    enqueue(db, job);
    pthread_cond_signal(&db->changed);
    pthread_mutex_unlock(&db->lock);
}

/* A job that waits for its turn ends at once; the one that is running is asked to. */
static void cancel(struct eddy_awaitable *a)
{
    struct job *job = job_of(a);
    eddy_sqlite *db = job->db;
    pthread_mutex_lock(&db->lock);
    bool was_queued = job->is_queued;
    if (was_queued)
        dequeue(db, job);
    __atomic_store_n(&job->cancelled, true, __ATOMIC_RELAXED); /* gives_up reads it without the lock */
    if (db->running == job && db->handle)
        sqlite3_interrupt(db->handle);
    pthread_cond_signal(&db->changed); /* the thread may wait for a lock of the database */
    pthread_mutex_unlock(&db->lock);
    if (was_queued)
        finish(job, ECANCELED);
}

static const struct eddy_awaitable_type job_type = {
    .name = "sqlite", .start = start, .cancel = cancel, .kind = EDDY_IO};
// [awaitable]

struct job connection_job(eddy_sqlite *db, void (*work)(struct job *job), const char *text)
{
    return (struct job){EDDY_AWAITABLE_INIT(&job_type), .db = db, .work = work, .text = text};
}

/* ==== on the connection's thread ==== */

enum {
    STEPS_BETWEEN_LOOKS = 1000, /* of SQLite's machine: some microseconds */
    BUSY_SECONDS = 5,           /* for a lock of another connection */
    MOST_DOUBLINGS = 6          /* of a millisecond between two attempts to get it */
};

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

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* SQLite asks it while another connection holds a lock. Its own (sqlite3_busy_timeout) cannot be interrupted. */
static int waits_on(void *argument, int attempts)
{
    eddy_sqlite *db = argument;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (attempts == 0)
        db->patience = (struct timespec){now.tv_sec + BUSY_SECONDS, now.tv_nsec};
    if (!is_before(now, db->patience))
        return false;
    now.tv_nsec += 1000000L << (attempts < MOST_DOUBLINGS ? attempts : MOST_DOUBLINGS);
    now.tv_sec += now.tv_nsec / 1000000000;
    now.tv_nsec %= 1000000000;
    pthread_mutex_lock(&db->lock);
    if (!db->running->cancelled)
        pthread_cond_timedwait(&db->changed, &db->lock, &now);
    bool goes_on = !db->running->cancelled;
    pthread_mutex_unlock(&db->lock);
    return goes_on;
}

void connection_set(eddy_sqlite *db, sqlite3 *handle)
{
    if (handle) {
        sqlite3_progress_handler(handle, STEPS_BETWEEN_LOOKS, gives_up, db);
        sqlite3_busy_handler(handle, waits_on, db);
    }
    pthread_mutex_lock(&db->lock);
    db->handle = handle;
    pthread_mutex_unlock(&db->lock);
}

void job_fail(struct job *job, int result)
{
    sqlite3 *handle = job->db->handle;
    job->code = code_of(result);
    if (job->code == EBUSY && __atomic_load_n(&job->cancelled, __ATOMIC_RELAXED))
        job->code = ECANCELED; /* waits_on gave up */
    strncpy(job->message, handle ? sqlite3_errmsg(handle) : sqlite3_errstr(result), sizeof job->message - 1);
}

/* Waits for the next job. NULL: the thread ends. */
static struct job *take(eddy_sqlite *db)
{
    pthread_mutex_lock(&db->lock);
    while (!db->first && !db->ends)
        pthread_cond_wait(&db->changed, &db->lock);
    struct job *job = db->first;
    if (job)
        dequeue(db, job);
    db->running = job;
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
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&db->changed, &attributes);
    pthread_condattr_destroy(&attributes);
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
