/* SPDX-License-Identifier: MIT */
/*
 * thread_pool.h - a bounded pool of threads for calls that block.
 *
 * A job belongs to its submitter until `run` has started, to the pool from then until `done` was called.
 * `run` and then `done` are called on a thread of the pool.  Threads are made when a job finds none idle, up to
 * the limit; they block all signals.
 */
#ifndef EDDY_OS_THREAD_POOL_H
#define EDDY_OS_THREAD_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct thread_job {
    void (*run)(struct thread_job *job);  /* the blocking call */
    void (*done)(struct thread_job *job); /* tells the submitter; the pool does not touch the job afterwards */
    struct list_link link;                /* in the queue, or in the list that `done` puts it into */
    bool queued;                          /* it is in the queue */
};

struct thread_pool;

struct thread_pool *thread_pool_new(size_t limit);
/* Returns 0, or an errno value if no thread could be made and none runs: the job was not taken. */
int thread_pool_submit(struct thread_pool *pool, struct thread_job *job);
/* True: the job had not started and never will; `done` is not called. False: it runs, or has run. */
bool thread_pool_take_back(struct thread_pool *pool, struct thread_job *job);
/* Waits for the running jobs, then ends the threads. No job is queued any more. NULL is allowed. */
void thread_pool_free(struct thread_pool *pool);

#endif
