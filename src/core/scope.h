/* SPDX-License-Identifier: MIT */
/*
 * scope.h - a part of a task that can be cancelled separately, with or without a deadline.
 *
 * Python's scopes (eddy_timeout, await_for) cancel once: the request is an edge. Trio's scopes (eddy_fail_after and
 * its relatives) cancel every await until the scope has ended, in the task and in all tasks inside: a level, see
 * level.h. The timer and the level lie in separate blocks, off the stack that the block is on.
 */
#ifndef EDDY_CORE_SCOPE_H
#define EDDY_CORE_SCOPE_H

#include "core/cancel.h"
#include "core/level.h"
#include "core/task.h"
#include "eddy/scope.h"

enum scope_state { SCOPE_ACTIVE, SCOPE_EXPIRING, SCOPE_EXPIRED, SCOPE_FINISHED };

struct deadline_node;

struct eddy_scope {
    struct task *task;           /* the task that runs the block */
    struct deadline_node *node;  /* NULL: no deadline */
    double when;                 /* in eddy_time(), infinity: none; before it is entered: a duration, if `relative` */
    double seconds;              /* the seconds that were given, for the message; NaN: none were given */
    union {
        struct eddy_failure *refusal; /* await_for: why it was not started at all */
        bool *fired;             /* eddy_move_on_after: set to true if the scope ended the block; may be NULL */
    };
    struct level *place;         /* its place in the tree, for a scope by trio's rules that is open; else NULL */
    uint32_t cancels;            /* number of requests that the task had when the block began */
    uint32_t state : 4;          /* a value of enum scope_state */
    uint32_t asked_at : 20;      /* the request of the scope, see struct request */
    bool inner : 1;              /* it began inside a releasing operation */
    bool relative : 1;           /* `when` is a duration; in await_for: it was over before it began */
    bool level : 1;              /* trio's rules */
    bool shield : 1;             /* a shield: cancelled levels around it have no effect */
};

/* Opens it on the running task, until `when` nanoseconds; CLOCK_NEVER: no deadline. False: no memory. */
bool scope_open(struct eddy_scope *scope, int64_t when);
/* Ends it; true: `failure`, which propagates, is the scope's own cancellation. */
bool scope_close(struct eddy_scope *scope, const struct eddy_failure *failure);
/* The same; another `failure` that leaves a scope whose time is over gets the timeout as a cause. */
bool scope_close_adding_cause(struct eddy_scope *scope, struct eddy_failure *failure);
/* Ends it, while `err` may be propagating: as ETIMEDOUT, if it was the scope that ended the block. */
void scope_leave(struct eddy_scope *scope, eddy_error *err);
/* For managers: opens the scope that eddy_timeout and its relatives have described; sets *err. */
void scope_enter(struct eddy_scope *scope, const char *what, eddy_error *err);
/* The failure ETIMEDOUT, with its message. */
struct eddy_failure *scope_timed_out(const struct eddy_scope *scope);
int64_t scope_nanoseconds(double when);

#endif
