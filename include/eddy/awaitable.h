/* SPDX-License-Identifier: MIT */
/*
 * awaitable.h - the one small header that everything awaitable begins with.
 *
 * An awaitable is a struct whose first member is `struct eddy_awaitable awaitable` and which has a `result`
 * (`eddy_void result;` for none). Coroutines, tasks, futures, sleeps, queue operations, socket operations and a
 * user's own types obey this one rule, so that await, spawn, eddy_gather and the others take any of them.
 *
 * Invariant: a failure's status lives here, in the header of the coroutine that fails, never in a thread-local:
 * clean-up that awaits while a failure propagates can neither see nor lose it.
 */
#ifndef EDDY_AWAITABLE_H
#define EDDY_AWAITABLE_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct eddy_awaitable;

enum eddy_kind { EDDY_AWAITABLE, EDDY_COROUTINE, EDDY_GENERATOR, EDDY_ASYNC_GENERATOR, EDDY_FUTURE, EDDY_BLOCKING,
                 EDDY_IO /* the operation is not started at all while a request to cancel is pending */ };

/* There is one static const object for each coroutine function and each kind of native awaitable. */
struct eddy_awaitable_type {
    const char *name; /* the function's name, or "sleep" */
    /* Runs it to its end on the stack of the caller, which is a task. A native awaitable (with `start`) has NULL
     * here, or eddy_run_generic, or a faster way, which is not used when the awaitable is spawned. */
    void (*run)(struct eddy_awaitable *);
    /* Native awaitables: begins the operation. It completes, at once or later, on the loop's thread, with exactly
     * one eddy_complete or eddy_complete_error. It needs no stack, even when spawned. */
    void (*start)(struct eddy_awaitable *);
    /* Native awaitables: asks the operation to end early. It still has to call eddy_complete or eddy_complete_error
     * (normally with ECANCELED), now or later; until then it owns its memory. NULL: it cannot end early. */
    void (*cancel)(struct eddy_awaitable *);
    /* Native awaitables, or NULL: called on the awaiting task when the await is about to succeed; it may still make
     * it fail. */
    void (*finish)(struct eddy_awaitable *);
    /* Native awaitables, or NULL: called if the operation has completed, but its task was cancelled before it could
     * go on. It gives back what was delivered, and the await fails with ECANCELED. With NULL the await returns the
     * result, and the cancellation is delivered at the next await; that is right for operations that hand something
     * over. */
    void (*undo)(struct eddy_awaitable *); /* also called for a result of a task or coroutine that is never taken */
    /* Or NULL. Called if the awaitable never begins (cancelled before that, refused by a group, or its time is
     * over): frees what its value owns. */
    void (*destroy)(struct eddy_awaitable *);
    enum eddy_kind kind;
    uint32_t signature; /* coroutines: the shape of result and parameters, checked where functions are converted */
    /* `blocking` functions: the body that a thread runs, on a copy of the struct of `size` bytes. */
    void (*work)(struct eddy_awaitable *);
    size_t size;
    /* Functions with a result: the body, which is the same in all files that declare the function, while each file
     * has its own type object. async_free finds it by this. NULL: none. */
    void (*body)(void);
    /* Zero. Room for later members. Objects of this type are copied into programs by the linker, and the library
     * reads the programs' own, so the size must not change. */
    void *reserved[1];
};

/* The library's data in the header. Programs set only `type`, when they make their own awaitables. */
struct eddy_core {
    const struct eddy_awaitable_type *type;
    struct eddy_failure *failure; /* why it failed; NULL: it has not failed */
    void *children;               /* coroutine: the tasks that its frame spawned and still owns */
    void *owner;                  /* native awaitable: the task that waits for it, or was spawned for it */
    uint8_t state;                /* enum eddy_state */
    uint8_t flags;                /* ED_FLAG_ bits of the library */
    uint32_t stack_size;          /* a generator that has not begun: bytes asked for; 0: the size of its task's stack */
};

enum eddy_state { EDDY_CREATED, EDDY_RUNNING, EDDY_SUSPENDED, EDDY_FINISHED };

typedef struct eddy_awaitable {
    struct eddy_core awaitable;
    eddy_void result;
} eddy_awaitable;

/*
 * Completes a native awaitable: wakes the task that waits for it. a: any awaitable (the macro converts). Call it on
 * the loop's thread; from another thread go through eddy_call_soon_threadsafe. Never suspends. False: it has
 * completed already, or was never started; it is unchanged, and the exception handler gets EDDY_INVALID_STATE.
 * Python: Future.set_result in a custom awaitable. Since 0.1.
 */
EDDY_API bool eddy_complete(void *a);
/* The same with a failure: code as for throw. Since 0.1. */
EDDY_API bool eddy_complete_error(void *a, int code, const char *format, ...) EDDY_PRINTF(3, 4);

/*
 * Any thread: eddy_complete is called on the loop's thread, soon. a: an awaitable that was started and has not
 * completed, which therefore still exists. Returns 0; ENOMEM: call it again, since the task still waits;
 * EDDY_NO_LOOP; EDDY_INVALID_STATE: it was never started. Not for signal handlers (it allocates).
 * Python: loop.call_soon_threadsafe(future.set_result). Since 0.1.
 */
EDDY_API int eddy_complete_threadsafe(void *a);

/* For types that name it explicitly: `.run = eddy_run_generic` starts the awaitable and waits, as run == NULL does. */
EDDY_API void eddy_run_generic(struct eddy_awaitable *a);

/* ---- called by the macros; not for programs ---- */

/* Waits for the object that a pointer leads to: a task, a future, a coroutine in a variable. Returns its failure. */
EDDY_API struct eddy_failure *eddy_join(struct eddy_awaitable *a);
/* The same; a second use of the handle is reported with this place. */
EDDY_API struct eddy_failure *eddy_join_at(struct eddy_awaitable *a, const struct eddy_site *site);
/* eddy_detach, and the same. */
EDDY_API void eddy_detach_at(void *t, const struct eddy_site *site);
/* Called after the result has been copied: gives up a task's handle. */
EDDY_API void eddy_release_handle(struct eddy_awaitable *a);
/* Registers what async_free says about a function, which is identified by its body. */
struct eddy_freeing {
    struct eddy_freeing *next;
    void (*body)(void);
    void (*free)(struct eddy_awaitable *);
};
EDDY_API void eddy_freeing_add(struct eddy_freeing *freeing);
/* The same for results that end with their loop, such as streams. */
EDDY_API void eddy_freeing_add_of_loop(struct eddy_freeing *freeing);
EDDY_API void eddy_freeing_remove(struct eddy_freeing *freeing);
/* No caller is left for the result: it is freed, if the program has said how. */
EDDY_API void eddy_free_unclaimed(struct eddy_awaitable *a);
/* Called when a coroutine that spawned tasks ends: the tasks that it still owns are cancelled and joined. */
EDDY_API void eddy_frame_end(void *children);
/* The same for a body that is left before its end, by a failure that `frame` has, or gets from this call. Out of
 * line: these paths were an eighth of the code of a coroutine, and as much of the time that it takes to compile. */
EDDY_API void eddy_frame_leave(struct eddy_core *frame) __attribute__((cold));
EDDY_API void eddy_frame_fail(struct eddy_core *frame, struct eddy_failure *failure, const struct eddy_site *site)
    __attribute__((cold));

EDDY_API struct eddy_failure *eddy_failure_new(const struct eddy_site *site, int code, const char *format, ...)
    EDDY_PRINTF(3, 4) __attribute__((cold));
EDDY_API struct eddy_failure *eddy_failure_of_code(const struct eddy_site *site, int code) __attribute__((cold));
EDDY_API struct eddy_failure *eddy_failure_again(const struct eddy_site *site, const eddy_error *err)
    __attribute__((cold));
/* Adds a place to the traceback; returns the failure. */
EDDY_API struct eddy_failure *eddy_failure_trace(struct eddy_failure *failure, const struct eddy_site *site)
    __attribute__((cold));
/* Adds `later` to `first`, which stays the error; either may be NULL. */
EDDY_API struct eddy_failure *eddy_failure_chain(struct eddy_failure *first, struct eddy_failure *later,
                                                 const struct eddy_site *site) __attribute__((cold));
/* True: the failure is the cancellation of the running task itself, which await(x, &err) does not catch. */
EDDY_API bool eddy_failure_is_own_cancellation(const struct eddy_failure *failure) __attribute__((cold));
/* Hands the failure over to the running task; *err describes it. */
EDDY_API void eddy_failure_catch(struct eddy_failure *failure, eddy_error *err) __attribute__((cold));
/* No caller can catch it: prints the traceback and aborts. */
EDDY_API void eddy_failure_unhandled(struct eddy_failure *failure, const struct eddy_site *site)
    __attribute__((cold, noreturn));
/* Prints the traceback of a failure that was never retrieved. */
EDDY_API void eddy_failure_unseen(struct eddy_failure *failure, const struct eddy_site *site) __attribute__((cold));

/* async_type: the function through which name_of(f) calls f, and the end of the program if f does not fit. */
/* Larger than any coroutine that is passed by value: all are returned in memory, at an address that the caller
 * chooses. */
struct eddy_any_coroutine {
    struct eddy_awaitable awaitable;
    char rest[4096];
};
EDDY_API void eddy_async_function_mismatch(const char *function, const char *type)
    __attribute__((cold, noreturn));

/* await_for: eddy_timeout around one await. False: do not start, the time is over (a failure is set). */
struct eddy_deadline {
    void *scope[7]; /* the state of a timeout scope, opaque */
};
EDDY_API bool eddy_deadline_open(struct eddy_deadline *deadline, struct eddy_awaitable *a, bool pointer,
                                 double seconds);
EDDY_API struct eddy_failure *eddy_deadline_close(struct eddy_deadline *deadline, struct eddy_failure *failure);

/* await_shielded: waits without passing on a cancellation, and without taking the handle. */
EDDY_API struct eddy_failure *eddy_join_shielded(struct eddy_awaitable *a);
EDDY_API struct eddy_failure *eddy_join_shielded_at(struct eddy_awaitable *a, const struct eddy_site *site);
/* The same for a coroutine value: a copy is spawned and detached, and its result is copied back. */
EDDY_API struct eddy_failure *eddy_run_shielded(struct eddy_awaitable *a, size_t size);

#ifdef __cplusplus
}
#endif
#endif
