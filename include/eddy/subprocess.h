/* SPDX-License-Identifier: MIT */
/*
 * subprocess.h - other programs without a task: a process that calls functions when it writes and when it ends, as in
 * asyncio and libuv (C only, since its options are those of process.h).  For programs that are ported from there: a
 * task with eddy_process_start is simpler.
 *
 * All functions here are called on the loop's thread while it runs, from tasks and callbacks; none suspends.  The
 * functions of a protocol are called outside of tasks.
 */
#ifndef EDDY_SUBPROCESS_H
#define EDDY_SUBPROCESS_H

#include "macros.h"
#include "process.h"
#include "transport.h"

#pragma GCC visibility push(default)

typedef struct eddy_subprocess eddy_subprocess;

/*
 * What a process calls: made first and once; for each of its pipes pipe_lost once, after its last bytes; exited once,
 * before or after those; lost last and once. Each may be NULL. fd is the number that the pipe has in the process: 0, 1,
 * 2. Python: asyncio.SubprocessProtocol. Since 0.1.
 */
struct eddy_subprocess_protocol {
    void (*made)(eddy_subprocess *p);
    void (*received)(eddy_subprocess *p, int fd, const char *data, size_t size); /* valid during the call */
    void (*paused)(eddy_subprocess *p);  /* more of its input is unsent than the upper limit: write no more */
    void (*resumed)(eddy_subprocess *p); /* not more than the lower limit is left */
    /* The pipe is closed; its transport is freed after it. error: 0; EPIPE: it did not read all of its input; else an
     * errno value. */
    void (*pipe_lost)(eddy_subprocess *p, int fd, int error);
    /* It has ended. error: 0; ECHILD: other code of the program has taken its status. */
    void (*exited)(eddy_subprocess *p, eddy_exit_status status, int error);
    /* The last call: p is freed after it. error: 0; ECANCELED: the loop was closed, and the process may run on; ENOMEM:
     * a pipe could not be served, and the process was killed: then nothing else was called. */
    void (*lost)(eddy_subprocess *p, int error);
    void (*ed_[4])(void); /* for members to come: zero */
};

/*
 * Starts arguments[0] as eddy_process_start does, with the same options: each EDDY_PIPE becomes a transport. `made` is
 * called in a later pass. subprocess may be NULL. Returns 0, EDDY_NO_LOOP, ECANCELED (the loop is being closed), or the
 * code with which eddy_process_start would fail. Python: loop.subprocess_exec. Since 0.1.
 */
EDDY_API int eddy_subprocess_start(eddy_subprocess **subprocess, const char *const *arguments,
                                   const eddy_process_options *options,
                                   const struct eddy_subprocess_protocol *protocol, void *argument);
static inline int ed_subprocess_start(eddy_subprocess **subprocess, union ed_words arguments,
                                      const eddy_process_options *options,
                                      const struct eddy_subprocess_protocol *protocol, void *argument)
{
    return eddy_subprocess_start(subprocess, arguments.words, options, protocol, argument);
}
#define eddy_subprocess_start(...) ed_subprocess_start(__VA_ARGS__)

/* The transport of its pipe 0, 1 or 2; NULL: there is none, or it was lost. Write to the first, pause the others; their
 * protocols and arguments are the library's. Python: get_pipe_transport. Since 0.1. */
EDDY_API eddy_transport *eddy_subprocess_pipe(const eddy_subprocess *p, int fd);
/* Its process number. Python: get_pid. Since 0.1. */
EDDY_API int eddy_subprocess_id(const eddy_subprocess *p);
/* How it has ended; false: it runs, or its status is lost. Python: get_returncode. Since 0.1. */
EDDY_API bool eddy_subprocess_status(const eddy_subprocess *p, eddy_exit_status *status);
/* As eddy_process_signal. Python: send_signal, terminate, kill. Since 0.1. */
EDDY_API int eddy_subprocess_signal(eddy_subprocess *p, int number);
/* Closes its pipes, and kills it if it runs, with the group that it leads; `lost` is called when it has ended.
 * Harmless a second time. Python: SubprocessTransport.close. Since 0.1. */
EDDY_API void eddy_subprocess_close(eddy_subprocess *p);
/* What the caller gave. Since 0.1. */
EDDY_API void *eddy_subprocess_argument(const eddy_subprocess *p);

#pragma GCC visibility pop

#endif
