/* SPDX-License-Identifier: MIT */
/* current.h - the one thread-local of the library: which loop and which task run on this thread. */
#ifndef EDDY_CORE_CURRENT_H
#define EDDY_CORE_CURRENT_H

#include "base/tls_model.h"
#include "eddy/error.h"

struct eddy_loop;
struct task;

struct current {
    struct eddy_loop *loop;      /* the loop that runs on this thread; NULL: there is none */
    struct task *task;           /* the task that runs now; NULL: the loop itself, a callback, or no loop runs */
    struct task *caller;         /* the task that has a call on the thread's own stack; NULL: there is none */
    struct eddy_loop *works_for; /* on a thread of a pool: the loop whose call it executes; NULL: there is none */
    struct eddy_failure *caught; /* the failure that code outside tasks caught last */
};

extern __thread TLS_INITIAL_EXEC struct current current;

/* `running` of a loop that no thread runs: nothing. */
extern struct current loop_at_rest;

#endif
