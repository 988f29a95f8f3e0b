/* SPDX-License-Identifier: MIT */
/*
 * scope.h - a stretch of a task that can be cancelled by itself, with or without a deadline.
 *
 * Python's scopes (eddy_timeout, await_for) ask once: the request is an edge.  Trio's (eddy_fail_after and its
 * relatives) ask at every await until the scope has ended: a level, counted in the task.  The timer lies in a node of
 * its own, off the stack that the block is on.
 */
#ifndef EDDY_CORE_SCOPE_H
#define EDDY_CORE_SCOPE_H

#include "core/task.h"
#include "eddy/scope.h"

enum scope_state { SCOPE_ACTIVE, SCOPE_EXPIRING, SCOPE_EXPIRED, SCOPE_FINISHED };

struct deadline_node;

struct eddy_scope {
    struct task *task;           /* which runs the block */
    struct deadline_node *node;  /* NULL: no deadline */
    double when;                 /* in eddy_time(), infinity for none; before it is entered: the span, if `relative` */
    double seconds;              /* as asked, for the message; NaN: none was said */
    struct eddy_failure *refusal; /* await_for: why it was not even started */
    uint32_t cancels;            /* requests that the task had when the block began */
    uint32_t shielded : 24;      /* eddy_shield: levels that are kept out meanwhile, each of a block on this stack */
    uint32_t state : 4;          /* an enum scope_state */
    bool relative : 1;           /* `when` is a span; in await_for: it was over before it began */
    bool level : 1;              /* trio's rules */
    bool quiet : 1;              /* eddy_move_on_after: its own cancellation leaves no error */
};

/* On the running task, until `when` nanoseconds; CLOCK_NEVER: no deadline.  False: no memory. */
bool scope_open(struct eddy_scope *scope, int64_t when);
/* Ends it; true: `failure`, which leaves, is the scope's own cancellation. */
bool scope_close(struct eddy_scope *scope, const struct eddy_failure *failure);
/* Asks now, as at the deadline. */
void scope_expire(struct eddy_scope *scope);
/* For managers: opens what eddy_timeout and its relatives have described; sets *err. */
void scope_enter(struct eddy_scope *scope, const char *what, eddy_error *err);
/* ETIMEDOUT, in words. */
struct eddy_failure *scope_timed_out(const struct eddy_scope *scope);
int64_t scope_nanoseconds(double when);

#endif
