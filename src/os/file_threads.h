/* SPDX-License-Identifier: MIT */
/*
 * file_threads.h - operations on files carried out by a bounded pool of threads, for a driver whose kernel side cannot.
 *
 * Invariant: an operation is in the pool's queue, or at a thread, or in `finished`; only the driver's thread takes it
 * out of there, so that completions are delivered from inside driver_wait alone.
 */
#ifndef EDDY_OS_FILE_THREADS_H
#define EDDY_OS_FILE_THREADS_H

#include "os/driver.h"

/* Threads at most, of one driver: enough to keep a disk busy, and for some to hang on a slow file system. */
enum { FILE_THREADS = 8 };

struct file_threads {
    struct thread_pool *pool;   /* made at first need */
    struct driver *driver;      /* woken when there is something new in `finished` */
    struct list_link *finished; /* atomic: of jobs, linked by `next` alone, newest first */
    struct list taken;          /* the driver's thread: those of an earlier look, oldest first */
};

/* False: it is on its way, and driver_wake is called when file_threads_next has it.  True: no thread can be had (the
 * user's processes are used up), and this one has carried it out: which is late, but not never. */
bool file_threads_submit(struct file_threads *threads, struct driver *driver, struct driver_op *op);
/* A call on a descriptor that was left blocking, which this thread must not make; the job is the caller's until the
 * operation has ended.  0: it is on its way; else a negative errno value. */
int file_threads_submit_job(struct file_threads *threads, struct driver *driver, struct driver_op *op,
                            struct file_job *job);
/* True: it has not begun, and never will. */
bool file_threads_take_back(struct file_threads *threads, struct driver_op *op);
bool file_threads_take_back_job(struct file_threads *threads, struct file_job *job);
/* One that has ended, its result set; NULL: none has. */
struct driver_op *file_threads_next(struct file_threads *threads);
/* None is in flight. */
void file_threads_free(struct file_threads *threads);

#endif
