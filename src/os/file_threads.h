/* SPDX-License-Identifier: MIT */
/*
 * file_threads.h - executes operations on files on a bounded pool of threads, for a driver whose kernel interface
 * cannot.
 *
 * Invariant: an operation is in the pool's queue, or with a thread, or in `finished`; only the driver's thread takes
 * it out of there, so that completions are delivered from inside driver_wait alone.
 */
#ifndef EDDY_OS_FILE_THREADS_H
#define EDDY_OS_FILE_THREADS_H

#include "os/driver.h"

/* The greatest number of threads of one driver: enough to keep a disk busy while some of them hang on a slow file
 * system. */
enum { FILE_THREADS = 8 };

struct file_threads {
    struct thread_pool *pool;   /* made when it is first needed */
    struct driver *driver;      /* woken when there is a new operation in `finished` */
    struct list_link *finished; /* atomic: list of jobs, linked only by `next`, newest first */
    struct list taken;          /* for the driver's thread: operations of an earlier look, oldest first */
};

/* False: it is in flight, and driver_wake is called when file_threads_next has it. True: no thread is available (the
 * user's limit on processes is reached), and this thread has executed it, which is late but better than never. */
bool file_threads_submit(struct file_threads *threads, struct driver *driver, struct driver_op *op);
/* Makes a call on a descriptor in blocking mode, which this thread must not make; the caller keeps the job until the
 * operation has ended. Returns 0: it is in flight; else a negative errno value. */
int file_threads_submit_job(struct file_threads *threads, struct driver *driver, struct driver_op *op,
                            struct file_job *job);
/* True: the operation has not begun, and never will. */
bool file_threads_take_back(struct file_threads *threads, struct driver_op *op);
bool file_threads_take_back_job(struct file_threads *threads, struct file_job *job);
/* True: file_threads_next has one. */
static inline bool file_threads_have_ended(const struct file_threads *threads)
{
    return !list_is_empty(&threads->taken) || __atomic_load_n(&threads->finished, __ATOMIC_RELAXED);
}
/* An operation that has ended, with its result set; NULL: there is none. */
struct driver_op *file_threads_next(struct file_threads *threads);
/* Called while no operation is in flight. */
void file_threads_free(struct file_threads *threads);

#endif
