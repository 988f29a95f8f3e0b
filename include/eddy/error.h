/* SPDX-License-Identifier: MIT */
/*
 * error.h - a code, a message, the places that the error passed, and the errors that came with it.
 *
 * An eddy_error is a plain value: nothing to free. The details that it points to belong to the task that caught it
 * and are valid until that task catches its next error; eddy_error_keep keeps them longer, and eddy_error_free frees
 * them.
 */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include "base.h"

/* Eddy's own codes; below 4096 a code is an errno value.  X(name, number, text). */
#define EDDY_ERROR_TABLE(X)                                                                                          \
    X(EDDY_GENERATOR_EXIT, 4097, "the generator is being closed")                                                    \
    X(EDDY_GENERATOR_RUNNING, 4098, "generator already executing")                                                   \
    X(EDDY_GENERATOR_IGNORED_EXIT, 4099, "generator ignored its closing")                                            \
    X(EDDY_GENERATOR_NOT_STARTED, 4100, "a value cannot be sent to a generator that has just been started")          \
    X(EDDY_GENERATOR_YIELDS, 4101, "a generator used as a manager must yield exactly once")                          \
    X(EDDY_REUSED, 4102, "cannot reuse an already awaited coroutine")                                                \
    X(EDDY_AWAITED_ALREADY, 4103, "the coroutine is being awaited already")                                          \
    X(EDDY_INVALID_STATE, 4104, "the future or task is not in a state that allows this")                             \
    X(EDDY_NO_TASK, 4105, "only code that runs on a task can wait")                                                  \
    X(EDDY_NO_LOOP, 4106, "no event loop is running on this thread")                                                 \
    X(EDDY_LOOP_RUNNING, 4107, "eddy_run cannot be called from a running event loop")                                \
    X(EDDY_VERSION_MISMATCH, 4108, "header and library are of different builds")                                     \
    X(EDDY_GROUP_CLOSED, 4109, "the task group takes no more tasks")                                                 \
    X(EDDY_QUEUE_SHUT_DOWN, 4110, "the queue has been shut down")                                                    \
    X(EDDY_BARRIER_BROKEN, 4111, "the barrier is broken")                                                            \
    X(EDDY_INCOMPLETE_READ, 4112, "the stream ended before all was read")                                            \
    X(EDDY_LIMIT_OVERRUN, 4113, "no separator within the stream's limit")                                            \
    X(EDDY_STREAM_BUSY, 4114, "another task is reading from or writing to this stream")                              \
    X(EDDY_STREAM_CLOSED, 4115, "the stream is closed")                                                              \
    X(EDDY_WAITS_FOR_ITSELF, 4116, "a task cannot wait for itself")                                                  \
    X(EDDY_CHANGED, 4117, "the details of the error were replaced by a later one")                                   \
    X(EDDY_HTTP_FAILED, 4118, "the HTTP transfer failed")                                                            \
    X(EDDY_TLS_FAILED, 4119, "TLS failed")                                                                           \
    X(EDDY_TLS_CERTIFICATE, 4120, "the peer's certificate is not accepted")                                          \
    X(EDDY_TLS_TRUNCATED, 4121, "the peer ended the connection without TLS's close_notify")                          \
    X(EDDY_WRITE_CUT, 4122, "an earlier write was cut short, and the program has not gone on from there")            \
    X(EDDY_GIVEN_UP, 4123, "the kernel cancelled the operation without a request")                                   \
    X(EDDY_WRONG_LOOP, 4124, "it belongs to the event loop of another thread")

enum eddy_error_code {
#define ED_ENUMERATOR(name, number, text) name = number,
    EDDY_ERROR_TABLE(ED_ENUMERATOR)
#undef ED_ENUMERATOR
};

#ifdef __cplusplus
extern "C" {
#endif

struct eddy_failure;

typedef struct eddy_error {
    int code;                     /* 0: no error; else an errno value or an enum eddy_error_code */
    uint32_t serial;              /* tells whether `failure` is still the one that was caught */
    const char *message;          /* what was being done, and to what; "" if there is nothing to say */
    struct eddy_failure *failure; /* the traceback, and further and earlier errors */
} eddy_error;

/*
 * Fills *err, so that a plain C function can raise for its caller.  code: not 0.  Never suspends.
 * The details belong to the running task, as if it had caught them.  Python: raise.  Since 0.1.
 */
EDDY_API void eddy_error_set(eddy_error *err, int code, const char *format, ...) EDDY_PRINTF(3, 4);

/* Makes the details of *err outlive later errors and the task.  err->code 0 is allowed.  Since 0.1. */
EDDY_API void eddy_error_keep(eddy_error *err);
/* Frees the details that eddy_error_keep kept; the error is empty afterwards. Since 0.1. */
EDDY_API void eddy_error_free(eddy_error *err);

/* "ECONNREFUSED", "EDDY_REUSED"; "E<number>" for an unknown code.  Since 0.1. */
EDDY_API const char *eddy_error_name(int code);
/* "Connection refused".  Since 0.1. */
EDDY_API const char *eddy_error_text(int code);

/*
 * The number of errors of a group (eddy_task_group), this one included; 1 for every other error, 0 for none. Python:
 * ExceptionGroup.exceptions. Since 0.1.
 */
EDDY_API size_t eddy_error_count(const eddy_error *err);
/* The i-th of them, 0 being err itself; valid as long as the details of err. Since 0.1. */
EDDY_API eddy_error eddy_error_at(const eddy_error *err, size_t i);
/* The error that this one replaced (because a manager's exit failed, or a timeout cancelled the block), or one that
 * clean-up added to it. Its code is 0 if there is none. Python: __cause__, __context__. Since 0.1. */
EDDY_API eddy_error eddy_error_cause(const eddy_error *err);

/*
 * Writes the traceback as text, as eddy_run prints it: outermost await first, then `NAME: text: message`. Returns
 * the length that the whole text needs, as snprintf does. Python: traceback.format_exception.
 */
EDDY_API size_t eddy_error_format(const eddy_error *err, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
