/* SPDX-License-Identifier: MIT */
/* file_threads.c - see file_threads.h. */
#include "os/file_threads.h"

#include "os/file_op.h"

#include <errno.h>

static struct file_job *job_of(struct thread_job *job)
{
    return container_of(job, struct file_job, job);
}

/* On a thread of the pool. */
static void run(struct thread_job *job)
{
    struct driver_op *op = job_of(job)->op;
    driver_tell(DRIVER_AT_RUNNING, job_of(job)->threads->driver, op);
    op->result = file_op_run(op);
}

/* On a thread of the pool.  Once the job is in the list, the operation and its job may be gone. */
static void done(struct thread_job *job)
{
    struct file_threads *threads = job_of(job)->threads;
    struct list_link *head = __atomic_load_n(&threads->finished, __ATOMIC_RELAXED);
    do
        job->link.next = head;
    while (!__atomic_compare_exchange_n(&threads->finished, &head, &job->link, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED));
    driver_wake(threads->driver); /* still valid: it joins this thread before it is freed */
}

int file_threads_submit_job(struct file_threads *threads, struct driver *driver, struct driver_op *op,
                            struct file_job *job)
{
    if (!threads->pool) {
        threads->driver = driver; /* set before there is a thread that reads it */
        threads->pool = thread_pool_new(FILE_THREADS);
    }
    if (!threads->pool)
        return -ENOMEM;
    *job = (struct file_job){.job = {.run = run, .done = done}, .op = op, .threads = threads};
    /* pthread_create's EAGAIN would be taken for an operation that must wait. */
    return thread_pool_submit(threads->pool, &job->job) == 0 ? 0 : -ENOMEM;
}

bool file_threads_submit(struct file_threads *threads, struct driver *driver, struct driver_op *op)
{
    if (file_threads_submit_job(threads, driver, op, &op->u.file->job) == 0)
        return false;
    op->result = file_op_run(op);
    return true;
}

bool file_threads_take_back_job(struct file_threads *threads, struct file_job *job)
{
    return thread_pool_take_back(threads->pool, &job->job);
}

bool file_threads_take_back(struct file_threads *threads, struct driver_op *op)
{
    return file_threads_take_back_job(threads, &op->u.file->job);
}

/* Takes all finished operations, the oldest first. */
static void take_finished(struct file_threads *threads)
{
    struct list_link *link = __atomic_exchange_n(&threads->finished, NULL, __ATOMIC_ACQUIRE), *next;
    for (; link; link = next) {
        next = link->next;
        list_add_first(&threads->taken, link);
    }
}

struct driver_op *file_threads_next(struct file_threads *threads)
{
    if (list_is_empty(&threads->taken) && __atomic_load_n(&threads->finished, __ATOMIC_RELAXED))
        take_finished(threads);
    struct file_job *job = LIST_FIRST(&threads->taken, struct file_job, job.link);
    if (!job)
        return NULL;
    list_remove(&threads->taken, &job->job.link);
    return job->op;
}

void file_threads_free(struct file_threads *threads)
{
    thread_pool_free(threads->pool);
    threads->pool = NULL;
}
