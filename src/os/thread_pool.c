/* SPDX-License-Identifier: MIT */
/*
 * thread_pool.c - see thread_pool.h.
 *
 * Invariants, under the lock: whenever more jobs are queued than threads are idle, the pool is at
 * its limit or a thread could not be made. While a job is queued and a thread is idle, one thread has been woken and
 * has not run yet; it wakes the next one. So many short jobs wake no more threads than are needed to execute them.
 */
#define _GNU_SOURCE
#include "os/thread_pool.h"

#include "base/assert.h"
#include "os/memory.h"
#include "os/stack.h"

#include <pthread.h>
#include <signal.h>

/* The table of a pool has room for its limit, which is cut down to this. */
enum { MOST_THREADS = 32768 };

struct thread_pool {
    pthread_mutex_t lock;          /* guards all below */
    pthread_cond_t work;           /* a job was queued, or the pool is closing */
    struct list queue;             /* jobs, in the order of submission */
    size_t queued;                 /* jobs in it */
    size_t idle;                   /* number of threads that wait for `work` */
    bool waking;                   /* one of them was woken, and has not run yet */
    size_t limit;                  /* the greatest number of threads */
    size_t count;                  /* of `threads` */
    bool closing;                  /* threads end when the queue is empty */
    pthread_t threads[];           /* the threads that were made; each lives until the pool is freed */
};

struct thread_pool *thread_pool_new(size_t limit)
{
    if (limit == 0)
        limit = 1;
    if (limit > MOST_THREADS)
        limit = MOST_THREADS;
    struct thread_pool *pool = memory_alloc_zeroed(sizeof *pool + limit * sizeof pool->threads[0]);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->limit = limit;
    return pool;
}

static void append(struct thread_pool *pool, struct thread_job *job)
{
    list_add_last(&pool->queue, &job->link);
    job->queued = true;
    pool->queued++;
}

static void take_off(struct thread_pool *pool, struct thread_job *job)
{
    EDDY_INVARIANT(job->queued && pool->queued > 0);
    list_remove(&pool->queue, &job->link);
    job->queued = false;
    pool->queued--;
}

static void wake_one(struct thread_pool *pool)
{
    if (pool->queued == 0 || pool->idle == 0 || pool->waking)
        return;
    pool->waking = true;
    pthread_cond_signal(&pool->work);
}

/* The next job, or NULL when the pool closes.  Called with the lock held. */
static struct thread_job *next_job(struct thread_pool *pool)
{
    EDDY_INVARIANT(list_is_empty(&pool->queue) == (pool->queued == 0));
    while (pool->queued == 0 && !pool->closing) {
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
        pool->waking = false;
    }
    struct thread_job *job = LIST_FIRST(&pool->queue, struct thread_job, link);
    if (job) {
        take_off(pool, job);
        wake_one(pool);
    }
    return job;
}

static void *work(void *argument)
{
    struct thread_pool *pool = argument;
    struct thread_job *job;
#if defined(__linux__)
    pthread_setname_np(pthread_self(), "eddy-pool");
#endif
    pthread_mutex_lock(&pool->lock);
    while ((job = next_job(pool))) {
        pthread_mutex_unlock(&pool->lock);
        stack_watch_thread();
        job->run(job);
        job->done(job);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Signals belong to the program's own threads: the new one inherits a mask that blocks them all, except those of its
 * own faults, which would kill the program without the handler that reports an overflow. */
static int add_thread(struct thread_pool *pool)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t all, before;
    EDDY_INVARIANT(pool->count < pool->limit);
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&pool->threads[pool->count], NULL, work, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        pool->count++;
    return error;
}

int thread_pool_submit(struct thread_pool *pool, struct thread_job *job)
{
    int error = 0;
    pthread_mutex_lock(&pool->lock);
    append(pool, job);
    if (pool->queued > pool->idle && pool->count < pool->limit)
        error = add_thread(pool);
    if (error && pool->count == 0)
        take_off(pool, job);
    else
        error = 0; /* one of the running threads will take it */
    wake_one(pool);
    pthread_mutex_unlock(&pool->lock);
    return error;
}

bool thread_pool_take_back(struct thread_pool *pool, struct thread_job *job)
{
    pthread_mutex_lock(&pool->lock);
    bool taken = job->queued;
    if (taken)
        take_off(pool, job);
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

void thread_pool_free(struct thread_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    EDDY_ASSERT(pool->queued == 0, "a thread pool is freed while %zu jobs are queued",
                pool->queued);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    memory_free(pool);
}
