/* SPDX-License-Identifier: MIT */
/*
 * failure.h - the record of something that went wrong, on its way from where it happened to who catches it.
 *
 * Invariant: a failure on its way has one owner, the header of the coroutine that it is leaving (or the variable
 * of the macro that moves it); a caught one belongs to the task that caught it.  Static failures (no memory, the
 * closing of a generator) are shared by all and never change.
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
    uint32_t serial;                 /* different for each failure: tells it from a later one at its address */
    unsigned references;             /* atomic: a thread may wait for a coroutine of another's loop */
    bool fixed;                      /* a static failure: neither counted nor changed */
    bool own;                        /* the cancellation of the task that it runs through, delivered to it */
    bool alone;                      /* takes no cause */
    char *message;                   /* NULL: none */
    struct failure_place *places;    /* the places, innermost first; points to `first` until there are more */
    size_t place_count, place_room;
    uint32_t last_task;              /* id of the task of the last place */
    struct failure_place first[FAILURE_INLINE_PLACES];
    char *task_names;                /* names that it owns: each begins with the pointer to the next */
    struct eddy_failure *cause;      /* the failure that this one replaced */
    struct eddy_failure *later;      /* what clean-up added while it was on its way */
    struct eddy_failure **group;     /* the errors of a group after the first */
    size_t group_count;
    size_t group_total;              /* how many errors the group has, those of inner groups included */
    struct eddy_failure *next_dead;  /* the next of those that are being freed */
};

extern struct eddy_failure failure_no_memory, failure_generator_exit, failure_cancelled, failure_own_cancelled;

/* Never NULL: without memory the record comes from a small reserve, and when that is used up the answer is
 * failure_no_memory (or, for ECANCELED, failure_cancelled). */
struct eddy_failure *failure_make(int code, const char *format, va_list arguments);
struct eddy_failure *failure_of(int code, const char *format, ...) EDDY_PRINTF(2, 3);
/* ECANCELED with the reason as message; own: delivered to the task that asks. */
struct eddy_failure *failure_of_cancel(const char *reason, bool own);
struct eddy_failure *failure_ref(struct eddy_failure *failure);
void failure_unref(struct eddy_failure *failure);
/* A copy for a second awaiter, which collects places of its own; frees nothing. */
struct eddy_failure *failure_clone(const struct eddy_failure *failure);
/* The same failure as seen by another task: own is as said. */
struct eddy_failure *failure_passed_on(struct eddy_failure *failure, bool own);
/* `failure` takes the place of `cause`; both are owned. */
struct eddy_failure *failure_because(struct eddy_failure *failure, struct eddy_failure *cause);
/* Adds to the group that follows `first`, which owns it from now on.  False: no memory, nothing has changed. */
bool failure_group(struct eddy_failure *first, struct eddy_failure *another);
/* The i-th of a group, i up to group_total, which is flat for who asks: itself, then its members, each with those of
 * its own group. */
struct eddy_failure *failure_in_group(struct eddy_failure *failure, size_t i);
static inline bool failure_is_cancellation(const struct eddy_failure *failure);

/* *err describes the failure, which is certain to live: err's details can be asked for.  Its ownership stays. */
void failure_lend(struct eddy_failure *failure, eddy_error *err);
/* The failure that *err stands for, as a new reference; NULL for code 0. */
struct eddy_failure *failure_from_error(const eddy_error *err);

#include <errno.h>
static inline bool failure_is_cancellation(const struct eddy_failure *failure)
{
    return failure->code == ECANCELED;
}

#endif
