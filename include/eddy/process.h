/* SPDX-License-Identifier: MIT */
/*
 * process.h - other programs: started, fed, read, waited for, ended (C only, since the calls are coroutines).
 *
 * The loop that started a process reaps it when it ends, whether a task waits for it or not, so that no zombie
 * remains. A cancelled wait does not affect it; eddy_process_abort and the scope kill it.
 */
#ifndef EDDY_PROCESS_H
#define EDDY_PROCESS_H

#include "buffer.h"
#include "macros.h"
#include "stream.h"

#pragma GCC visibility push(default)

typedef struct eddy_process eddy_process;

/* Values that stand for a descriptor of the new process, in eddy_process_options. Since 0.1. */
#define EDDY_PIPE (-1)           /* a pipe to a stream of this program: eddy_process_in, _out, _err. Python: PIPE */
#define EDDY_NULL (-2)           /* /dev/null.  Python: DEVNULL */
#define EDDY_SAME_AS_OUTPUT (-3) /* for err: the same as its output. Python: STDOUT */

/* For eddy_process_start; all zero: the program shares streams, directory and environment with this one.  Since 0.1. */
typedef struct eddy_process_options {
    size_t size;             /* sizeof(eddy_process_options) */
    int in, out, err;        /* 0: this program's; EDDY_PIPE, EDDY_NULL, EDDY_SAME_AS_OUTPUT; or a descriptor, which
                                remains the caller's */
    const char *directory;   /* its working directory; NULL: this program's */
    const char *const *environment; /* "NAME=value", ended by NULL; NULL: this program's */
    const int *keep;         /* other descriptors that it receives, by the same number; all others are closed */
    size_t keep_count;       /* of keep */
    bool new_session;        /* setsid: a new session without a terminal, and a new group */
    bool new_group;          /* setpgid: a new group, for eddy_process_signal_group */
} eddy_process_options;

/* How a process has ended.  Since 0.1. */
typedef struct eddy_exit_status {
    int code;    /* the status that it gave to exit, 0 to 255; -1: a signal ended it */
    int signal;  /* SIGKILL, ...; 0: it ended by itself */
    bool dumped; /* and left a core file */
} eddy_exit_status;

/* The words of a command: EDDY_COMMAND("ls", "-l"). They live as long as the block around them, which is too short
 * in spawn(...): give them a name there, const char *const words[] = {"ls", NULL}. Since 0.1. */
#define EDDY_COMMAND(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * Starts arguments[0], searched for in this program's PATH unless it has a slash; arguments end with NULL and may
 * also be a char *argv[]. options, which may be left out or NULL, must live until the await ends. Result: the
 * process, which the caller gives to eddy_process_free or eddy_process_abort. In the new program all signals have
 * their default action, and none is blocked. Never suspends. Fails if the program cannot be started: ENOENT, EACCES,
 * ENOEXEC, E2BIG, for the program or the directory, which the message names; EAGAIN, ENOMEM, EMFILE, EINVAL (the
 * options).
 * Python: asyncio.create_subprocess_exec.  Since 0.1.
 */
eddy_async_declare(eddy_process *, eddy_process_start, (const char *const *, arguments),
                   (const eddy_process_options *, options));
/* Implemented by functions, so that &(eddy_process_options){...} with its commas may stand there; arguments may be a
 * char **, which C does not convert. */
union ed_words {
    const char *const *words;
    char **argv;
    char *const *fixed_argv;
    const char **open_words;
} __attribute__((transparent_union));
static inline EDDY_MUST_USE struct eddy_process_start ed_process_start(union ed_words arguments,
                                                                       const eddy_process_options *options, ...)
{
    return eddy_process_start(arguments.words, options);
}
#define eddy_process_start(...) ed_process_start(__VA_ARGS__, NULL, NULL)

/* Its process number, which is valid after its end, too. Python: pid. Since 0.1. */
EDDY_API int eddy_process_id(const eddy_process *process);
/* The other ends of the EDDY_PIPEs, else NULL; they belong to the process object.
 * eddy_stream_write_eof(eddy_process_in(p)) ends its input. Python: stdin, stdout, stderr. Since 0.1. */
EDDY_API eddy_stream *eddy_process_in(const eddy_process *process);
EDDY_API eddy_stream *eddy_process_out(const eddy_process *process);
EDDY_API eddy_stream *eddy_process_err(const eddy_process *process);
/* It has ended and the loop has seen it.  Python: returncode is not None.  Since 0.1. */
EDDY_API bool eddy_process_ended(const eddy_process *process);

/*
 * Waits until it has ended; any number of tasks may wait, any number of times. A cancelled wait does not affect the
 * process. Suspends unless it has ended. Fails with ECANCELED, ECHILD (other code of the program has taken its
 * status). Python: Process.wait. Since 0.1.
 */
eddy_async_declare(eddy_exit_status, eddy_process_wait, (eddy_process *, process));
/*
 * Writes `input` to the process and closes that pipe, appends its output to out and err (NULL: dropped), and waits
 * for its end. A stream that is not an EDDY_PIPE is left out. limit: the limit of out and of err, in bytes; 0: none.
 * It is no error if the process does not read its input. Suspends. Fails with EDDY_LIMIT_OVERRUN, ECANCELED: the
 * process goes on, and the buffers have the output so far; ENOMEM; and the errors of eddy_process_wait. Python:
 * Process.communicate. Since 0.1.
 */
eddy_async_declare(eddy_exit_status, eddy_process_communicate, (eddy_process *, process), (eddy_slice, input),
                   (eddy_buffer *, out), (eddy_buffer *, err), (size_t, limit));

/* Sends it a signal: 0, ESRCH (it has ended), EINVAL, EPERM. _signal_group: for the group that it leads (new_group,
 * new_session), else EINVAL. _terminate: SIGTERM, _kill: SIGKILL. Never suspends. Python: send_signal, terminate,
 * kill, os.killpg. Since 0.1. */
EDDY_API int eddy_process_signal(eddy_process *process, int number);
EDDY_API int eddy_process_signal_group(eddy_process *process, int number);
EDDY_API int eddy_process_terminate(eddy_process *process);
EDDY_API int eddy_process_kill(eddy_process *process);

/* Frees the object: its pipes are closed, the process runs on, and is reaped. NULL is allowed. No task may wait for
 * it. Never suspends. Since 0.1. */
EDDY_API void eddy_process_free(eddy_process *process);
/* The same, but kills the process first, with the group that it leads: defer(eddy_process_abort, process). Since
 * 0.1. */
EDDY_API void eddy_process_abort(eddy_process *process);

/* "exit status 1", "signal 9 (Killed)"; returns the length as snprintf does.  Since 0.1. */
EDDY_API size_t eddy_exit_status_describe(eddy_exit_status status, char *buffer, size_t size);

/*
 * Runs a command: starts it, appends its output to out (NULL: the output goes where this program's goes) and waits.
 * Its input is /dev/null. limit: the limit of out, in bytes; 0: none. If the call ends early, by a timeout or
 * otherwise, the command is killed, with all processes that it started and that stayed in its group. Suspends. Fails
 * with the errors of eddy_process_start and eddy_process_communicate. Python: subprocess.run. Since 0.1.
 */
eddy_async_declare(eddy_exit_status, eddy_run_command, (const char *const *, arguments), (eddy_buffer *, out),
                   (size_t, limit));
static inline EDDY_MUST_USE struct eddy_run_command ed_run_command(union ed_words arguments, eddy_buffer *out,
                                                                   size_t limit)
{
    return eddy_run_command(arguments.words, out, limit);
}
#define eddy_run_command(...) ed_run_command(__VA_ARGS__)

/*
 * async_with (process, eddy_process_scope(arguments, &options, grace)) { ... }: at the end of the block, however it
 * is left, a process that still runs gets SIGTERM, and SIGKILL after grace seconds; the block ends when the process
 * has ended. Trio: run_process in a nursery. Since 0.1.
 */
struct eddy_process_scope {
    struct eddy_manager manager;
    eddy_process *value;
    const char *const *arguments;
    const eddy_process_options *options;
    double grace;
};
EDDY_API EDDY_MUST_USE struct eddy_process_scope eddy_process_scope(const char *const *arguments,
                                                                    const eddy_process_options *options, double grace);
static inline EDDY_MUST_USE struct eddy_process_scope
ed_process_scope(union ed_words arguments, const eddy_process_options *options, double grace)
{
    return eddy_process_scope(arguments.words, options, grace);
}
#define eddy_process_scope(...) ed_process_scope(__VA_ARGS__)

#pragma GCC visibility pop

#endif
