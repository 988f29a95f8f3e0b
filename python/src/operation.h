/* SPDX-License-Identifier: MIT */
/*
 * operation.h - an operation of Eddy's that an object of Python waits for.
 *
 * Invariant: from operation_begin until its `done` is called it holds a reference to its owner, whose memory it is a
 * part of.  A completion only puts it into the loop's list; `done` is called between two steps.
 */
#ifndef EDDYLOOP_OPERATION_H
#define EDDYLOOP_OPERATION_H

#include "core.h"

enum operation_state {
    OPERATION_IDLE,
    OPERATION_ASKED,  /* the loop's thread starts it before its next step */
    OPERATION_FLYING, /* Eddy has it */
    OPERATION_ENDED   /* op.result is set, and `done` was not called yet */
};

struct operation {
    struct eddy_operation op; /* first */
    Core *core;               /* its owner refers to it */
    PyObject *owner;
    int (*start)(struct operation *self); /* 0, or the code for which Eddy did not take it */
    int (*done)(struct operation *self);  /* -1: an exception that ends the run is set */
    struct operation *next;               /* in the list of those asked for, or of those that have completed */
    struct operation *live_next, **live_link;
    enum operation_state state;
    bool cancelled; /* operation_cancel was called */
    bool asked;     /* it is in the list of those asked for */
};

static inline bool operation_is_idle(const struct operation *self)
{
    return self->state == OPERATION_IDLE;
}
/* `done` is called later, whatever happens. */
void operation_begin(struct operation *self);
void operation_cancel(struct operation *self);
/* Cancels it, and waits until Eddy does not have it any more. */
void operation_end_now(struct operation *self);
/* Starts and cancels those that were asked for elsewhere. */
void operations_settle_asked(Core *core);
/* Calls `done` of those that have completed. -1: an exception that ends the run is set; the others are still there. */
int operations_handle(Core *core);
/* Ends all, before the loop is closed. */
void operations_end(Core *core);
/* In a forked child: they belong to the parent. */
void operations_forget(Core *core);
int operations_traverse(Core *core, visitproc visit, void *arg);

#endif
