/* SPDX-License-Identifier: MIT */
/*
 * failure.h - the record of an error that propagates from where it happened to the code that catches it.
 *
 * Invariant: a propagating failure has one owner, the header of the coroutine that it is leaving (or the variable of
 * the macro that moves it); a caught one belongs to the task that caught it. Static failures (no memory, the closing
 * of a generator) are shared by all and never change.
 */
#ifndef EDDY_CORE_FAILURE_H
#define EDDY_CORE_FAILURE_H

#include <stdarg.h>

#include "eddy/awaitable.h"

enum { FAILURE_INLINE_PLACES = 6 };

/* A place that the failure passed. */
struct failure_place {
    const struct eddy_site *site;
    const char *task; /* the name of the task; NULL: the main task, or no task */
};

struct eddy_failure {
    int code;
    uint32_t serial;                 /* different for each failure: tells it from a later one at the same address */
    unsigned references;             /* atomic: a thread may wait for a coroutine of another's loop */
    bool fixed;                      /* a static failure: neither counted nor changed */
    bool own;                        /* the cancellation of the task in which it propagates, delivered to that task */
    bool alone;                      /* takes no cause */
    char *message;                   /* NULL: none */
    struct failure_place *places;    /* the places, innermost first; points to `first` until there are more */
    size_t place_count, place_room;
    uint32_t last_task;              /* id of the task at the last place */
    struct failure_place first[FAILURE_INLINE_PLACES];
    char *task_names;                /* names that it owns: each one begins with the pointer to the next */
    struct eddy_failure *cause;      /* the failure that this one replaced */
    struct eddy_failure *later;      /* errors that clean-up added while it propagated */
    struct eddy_failure **group;     /* the errors of a group after the first */
    size_t group_count;
    size_t group_total;              /* number of errors in the group, those of inner groups included */
    struct eddy_failure *next_dead;  /* next in the list of failures that are being freed */
};

extern struct eddy_failure failure_no_memory, failure_generator_exit, failure_cancelled, failure_own_cancelled;

/* Never NULL: without memory the record comes from a small reserve, and when that is used up it returns
 * failure_no_memory (or, for ECANCELED, failure_cancelled). */
struct eddy_failure *failure_make(int code, const char *format, va_list arguments);
struct eddy_failure *failure_of(int code, const char *format, ...) EDDY_PRINTF(2, 3);
/* ECANCELED with the reason as message; own: delivered to the calling task. */
struct eddy_failure *failure_of_cancel(const char *reason, bool own);
struct eddy_failure *failure_ref(struct eddy_failure *failure);
/* failure_unref of one that is not static. */
void failure_give_up(struct eddy_failure *failure);
/* NULL is allowed. */
static inline void failure_unref(struct eddy_failure *failure)
{
    if (failure && !failure->fixed)
        failure_give_up(failure);
}
/* A copy for a second awaiter, which collects places of its own; frees nothing. */
struct eddy_failure *failure_clone(const struct eddy_failure *failure);
/* The same failure as seen by another task: own is set as given. */
struct eddy_failure *failure_passed_on(struct eddy_failure *failure, bool own);
/* `failure` replaces `cause`; both are owned. */
struct eddy_failure *failure_because(struct eddy_failure *failure, struct eddy_failure *cause);
/* Adds to the group of `first`, which owns the new error from now on. False: no memory, nothing has changed. */
bool failure_group(struct eddy_failure *first, struct eddy_failure *another);
/* The i-th error of a group, i up to group_total. The numbering is flat: itself, then its members, each with those
 * of its own group. */
struct eddy_failure *failure_in_group(struct eddy_failure *failure, size_t i);
static inline bool failure_is_cancellation(const struct eddy_failure *failure);

/* *err describes the failure, which certainly lives on: the details of err can be read. Its owner does not change. */
void failure_lend(struct eddy_failure *failure, eddy_error *err);
/* The failure that *err refers to, as a new reference; NULL for code 0. */
struct eddy_failure *failure_from_error(const eddy_error *err);

#include <errno.h>
static inline bool failure_is_cancellation(const struct eddy_failure *failure)
{
    return failure->code == ECANCELED;
}

#endif
