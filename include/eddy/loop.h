/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the event loop: running it, scheduling calls on it, posting to it from other threads.
 *
 * One pass runs the tasks and calls that were ready when it began, in order, and then looks at I/O and timers. A
 * loop and its tasks stay on the thread that made them; only the functions that say "any thread" may be called
 * elsewhere.
 */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include "allocator.h"
#include "awaitable.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Both are names, not addresses: only the library's functions can use them. A name whose loop or call has ended is
 * never taken for a later one. */
typedef struct eddy_loop_name eddy_loop;
typedef struct eddy_handle eddy_handle;

/* For eddy_run_with.  Zero is the default of every member.  Since 0.1. */
typedef struct eddy_loop_options {
    size_t size;            /* sizeof(eddy_loop_options): tells the library which members this program knows */
    const char *driver;     /* "uring", "epoll", "sim"; NULL: EDDY_DRIVER from the environment, else the best */
    uint64_t seed;          /* sim: the seed of the order of ready tasks; 0: EDDY_SEED, else first come, first served */
    size_t stack_size;      /* bytes of a task's stack; 0: EDDY_STACK_SIZE, else 256 KiB */
    size_t thread_limit;    /* threads of the pool for blocking functions; 0: 8 */
    bool debug;             /* slow steps, tasks alive at exit, handles used twice; also EDDY_DEBUG=1 */
    double slow_step;       /* debug: seconds that one step may take; 0: 0.1 */
    bool no_signals;        /* SIGINT, SIGSEGV, SIGBUS and the signal stack are not touched */
    const eddy_allocator *allocator;                   /* NULL: malloc */
    void (*log)(const char *text, void *argument);     /* receives the text that would go to stderr, one line or more */
    void *log_argument;
    void (*exception_handler)(const eddy_error *error, void *argument); /* as for eddy_set_exception_handler */
    void *exception_argument;
    void (*before_wait)(void *argument); /* called before the loop sleeps, and afterwards: on its thread, with no */
    void (*after_wait)(void *argument);  /* task then; they may call nothing that needs a running task */
    void *wait_argument;
    bool hibernation;       /* stacks of tasks that have waited for a while give their memory back: see the guide */
} eddy_loop_options;

/* The loop that runs on this thread; NULL if none does.  Python: asyncio.get_running_loop.  Since 0.1. */
EDDY_API eddy_loop *eddy_current_loop(void);
/* Any thread: "uring", "epoll", "sim"; NULL: the loop has ended. Since 0.1. */
EDDY_API const char *eddy_loop_driver(const eddy_loop *loop);
/*
 * Any thread; for a thread that may outlive the loop.  Until eddy_loop_unref, calls that name the loop return
 * EDDY_NO_LOOP after its end, however long ago that was.  A reference does not keep the loop running.  Returns loop;
 * NULL: the loop has ended already, and there is nothing to unref.  Since 0.1.
 */
EDDY_API eddy_loop *eddy_loop_ref(eddy_loop *loop);
/* Any thread; NULL is allowed.  Since 0.1. */
EDDY_API void eddy_loop_unref(eddy_loop *loop);

/* ---- the loop as an object ---- */

/*
 * Opens a loop, which no thread runs yet; eddy_loop_close frees it. options NULL: the defaults. Returns NULL on
 * failure, and *err says why; err NULL: the error is printed. Python: asyncio.new_event_loop, asyncio.Runner. Since
 * 0.1.
 */
EDDY_API eddy_loop *eddy_loop_open(const eddy_loop_options *options, eddy_error *err);
/*
 * Cancels the loop's tasks, waits for their end, and frees the loop. Call it on the thread that ran the loop.
 * Returns 0; EDDY_LOOP_RUNNING: the loop runs, or has tasks that began on another thread; EDDY_NO_LOOP: it was
 * closed already. NULL is allowed. Python: loop.close, Runner.close. Since 0.1.
 */
EDDY_API int eddy_loop_close(eddy_loop *loop);
/*
 * Runs the loop on this thread until eddy_loop_stop. Returns 0; EINTR: SIGINT ended it (unless the options say
 * no_signals); EDDY_LOOP_RUNNING, EDDY_NO_LOOP as above; else the errno value with which the driver failed.
 * Python: loop.run_forever.  Since 0.1.
 */
EDDY_API int eddy_loop_run_forever(eddy_loop *loop);
/*
 * Any thread: eddy_loop_run_forever returns after the current pass; if it has not begun, it runs one pass. Returns
 * 0, EDDY_NO_LOOP or ENOMEM. Python: loop.stop. Since 0.1.
 */
EDDY_API int eddy_loop_stop(eddy_loop *loop);

/* ---- a loop inside another one ---- */

/*
 * The descriptor that the host's own loop watches for reading: it is readable while eddy_loop_step would find
 * something to do that eddy_loop_deadline has not reported. It belongs to the loop. Negative: there is no
 * descriptor. Since 0.1.
 */
EDDY_API int eddy_loop_descriptor(eddy_loop *loop);
/*
 * Call it before the host waits: hands the queued operations to the kernel. Returns the seconds after which
 * eddy_loop_step is due, 0 if something is ready now, INFINITY if only the descriptor can tell. Since 0.1.
 */
EDDY_API double eddy_loop_deadline(eddy_loop *loop);
/*
 * Takes the events of I/O and timers, waiting for at most `limit` seconds if nothing is ready (0: not at all), and
 * runs each ready task and call once. In the simulation it may move the clock. Returns 0; EDDY_LOOP_RUNNING: called
 * from inside a loop; EDDY_NO_LOOP; EINVAL: limit is NaN; else the errno value with which the driver failed. Since
 * 0.1.
 */
EDDY_API int eddy_loop_step(eddy_loop *loop, double limit);
/*
 * For a bridge to another language, whose own code runs between the steps: until eddy_loop_leave this thread runs the
 * loop, so that operations, calls and timers can be started between two steps, and a step of it costs little. In the
 * simulation a step of 0 seconds does not move the clock. SIGPIPE is not touched: a host that may meet it ignores it.
 * Returns 0; EDDY_LOOP_RUNNING: this thread runs a loop, or another thread runs this one; EDDY_NO_LOOP; ENOMEM; else
 * the errno value for which the loop cannot go on on this thread. Since 0.1.
 */
EDDY_API int eddy_loop_enter(eddy_loop *loop);
/* Reverses eddy_loop_enter, on the same thread. Returns 0; EDDY_INVALID_STATE: the thread has not entered that loop, or
 * is inside a step of it. Since 0.1. */
EDDY_API int eddy_loop_leave(eddy_loop *loop);
/* May be called on any thread, and in any signal handler that does not interrupt a call of the library. Makes the
 * descriptor readable, and ends the wait of a step. Returns 0 or EDDY_NO_LOOP. Since 0.1. */
EDDY_API int eddy_loop_wake(eddy_loop *loop);

/* ---- for bridges to other libraries ---- */

/* Calls function(argument) when the running loop is closed: after its tasks have ended, in reverse order of
 * registration. Returns 0, ENOMEM or EDDY_NO_LOOP. Since 0.1. */
EDDY_API int eddy_at_loop_end(void (*function)(void *), void *argument);
/* The running loop's own pointer for this key; NULL at first. The key is an address of the caller. The returned
 * address is valid until the loop is closed. NULL: no memory, or no loop. Since 0.1. */
EDDY_API void **eddy_loop_slot(const void *key);

#define EDDY_LAG_BUCKETS 24
/* Filled by eddy_loop_stats; set `size` before.  Since 0.1. */
struct eddy_loop_stats {
    size_t size;       /* sizeof(struct eddy_loop_stats) */
    uint64_t passes;   /* since the loop was opened */
    size_t tasks;      /* tasks that have not ended */
    size_t ready;      /* tasks and calls that run in this pass or the next */
    size_t timers;     /* set */
    size_t operations; /* I/O operations in flight */
    uint64_t lag[EDDY_LAG_BUCKETS]; /* how often the loop found a timer due that was late by less than 2^i
                                       microseconds, and by at least half of that; the last: by more */
};
/* Call it on the loop's thread, or while no thread runs the loop. Returns 0; EINVAL: size is not set; EDDY_NO_LOOP;
 * EDDY_LOOP_RUNNING: another thread runs it. Since 0.1. */
EDDY_API int eddy_loop_stats(eddy_loop *loop, struct eddy_loop_stats *stats);

/* Seconds of the loop's monotonic clock (virtual in the simulation).  Python: loop.time.  Since 0.1. */
EDDY_API double eddy_time(void);

/*
 * Calls function(argument) in the next pass, in the order of the requests. The handle may be given to
 * eddy_handle_cancel at any time, also after the call. NULL: there is no memory, or no loop. Python: loop.call_soon.
 * Since 0.1.
 */
EDDY_API eddy_handle *eddy_call_soon(void (*function)(void *), void *argument);
/* The same, but not before `seconds` have passed. NaN gives NULL. Python: loop.call_later. Since 0.1. */
EDDY_API eddy_handle *eddy_call_later(double seconds, void (*function)(void *), void *argument);
/* The same, but not before eddy_time() reaches `when`. Python: loop.call_at. Since 0.1. */
EDDY_API eddy_handle *eddy_call_at(double when, void (*function)(void *), void *argument);
/* The function will not be called.  Harmless after the call, a second time, and for NULL.  Python: Handle.cancel.
 * Since 0.1. */
EDDY_API void eddy_handle_cancel(eddy_handle *handle);

/*
 * Any thread: calls function(argument) on the loop's thread, soon. loop NULL: this thread's loop, else the only loop
 * of the process. Returns 0: it will be called, at the latest when the loop ends; ENOMEM; EDDY_NO_LOOP: the loop has
 * ended, and it will not be called; EINVAL: there are several loops and none was named. Not for signal handlers (it
 * allocates). Python: loop.call_soon_threadsafe. Since 0.1.
 */
EDDY_API int eddy_call_soon_threadsafe(eddy_loop *loop, void (*function)(void *), void *argument);

/*
 * Any thread: in the simulation the clock stands still until each hold has been released. For threads that the
 * program made itself, which the simulation does not know of; blocking functions do not need it. It has no effect on
 * other drivers, and after the loop has ended. Since 0.1.
 */
EDDY_API void eddy_sim_hold(eddy_loop *loop);
EDDY_API void eddy_sim_release(eddy_loop *loop);

/*
 * While fd is readable (writable), function(argument) is called, once a pass. A descriptor has one reader and one
 * writer; a second one replaces the first. Returns 0 or an errno value. Python: loop.add_reader. Since 0.1.
 */
EDDY_API int eddy_add_reader(int fd, void (*function)(void *), void *argument);
EDDY_API int eddy_add_writer(int fd, void (*function)(void *), void *argument);
/* Returns true if there was a reader (writer). Call it before closing fd. Python: loop.remove_reader. Since 0.1. */
EDDY_API bool eddy_remove_reader(int fd);
EDDY_API bool eddy_remove_writer(int fd);

/* function gets the errors that no await can report: of detached tasks, of futures freed unread, and of callbacks,
 * with their traceback (eddy_error_format). NULL: they are printed again. Python: loop.set_exception_handler. Since
 * 0.1. */
EDDY_API void eddy_set_exception_handler(void (*function)(const eddy_error *error, void *argument),
                                         void *argument);
/*
 * Leaves SIGSEGV, SIGBUS and the threads' signal stacks alone, for a process that uses them itself; the
 * environment's EDDY_NO_FAULT_HANDLER=1 does the same. A stack overflow then ends the program without a report. Call
 * it before the first loop and the first generator. Returns 0; EBUSY: the handler is installed already. Since 0.1.
 */
EDDY_API int eddy_no_fault_handler(void);

/* Turns the debug mode of the running loop on or off. Python: loop.set_debug. Since 0.1. */
EDDY_API void eddy_set_debug(bool on);
EDDY_API bool eddy_debug(void);

/* ---- a coroutine from another thread: eddy_run_coroutine_threadsafe(loop, coro) ---- */

/* A running coroutine, as another thread sees it; freed by eddy_remote_free. */
typedef struct eddy_remote eddy_remote;
/* Any other thread: waits for at most `seconds` (negative: for ever). False: the time is over. True: the coroutine
 * has ended; its result was copied to *result (NULL: dropped), and *err was filled. The details of *err are kept
 * (eddy_error_free). */
EDDY_API bool eddy_remote_wait(eddy_remote *remote, double seconds, void *result, eddy_error *err);
/* Any thread: asks the task to end.  Since 0.1. */
EDDY_API void eddy_remote_cancel(eddy_remote *remote);
EDDY_API void eddy_remote_free(eddy_remote *remote);

/* ---- called by the macros; not for programs ---- */

/* The caller's header: its version and the sizes of its structs, which are compared with the library's. */
struct eddy_build {
    uint32_t version;
    uint16_t awaitable_size, generator_size, options_size;
};
#define EDDY_BUILD                                                                                  \
    {                                                                                               \
        EDDY_VERSION, sizeof(struct eddy_awaitable), sizeof(struct eddy_async_generator),           \
            sizeof(eddy_loop_options)                                                               \
    }
/* Runs a copy of the coroutine as the main task; its result bytes are copied back.  err NULL: an error is
 * printed.  Returns 0, 1 (failed) or 130 (by SIGINT). */
EDDY_API int eddy_run_main(void *coroutine, size_t size, size_t result_offset, size_t result_size,
                           const eddy_loop_options *options, const struct eddy_build *build, eddy_error *err,
                           const struct eddy_site *site);
/* The same on a loop that is open, and remains open. */
EDDY_API int eddy_loop_run_main(eddy_loop *loop, void *coroutine, size_t size, size_t result_offset,
                                size_t result_size, const struct eddy_build *build, eddy_error *err,
                                const struct eddy_site *site);
EDDY_API EDDY_MUST_USE eddy_remote *eddy_remote_new(eddy_loop *loop, const void *coroutine, size_t size,
                                                    size_t result_offset, size_t result_size,
                                                    const struct eddy_site *site);

#ifdef __cplusplus
}
#endif
#endif
