/* SPDX-License-Identifier: MIT */
/* operation.c - see operation.h. */
#include "operation.h"

#include <errno.h>

/* ==== lists ==== */

static void add_live(struct operation *self)
{
    self->live_next = self->core->live;
    self->live_link = &self->core->live;
    if (self->live_next)
        self->live_next->live_link = &self->live_next;
    self->core->live = self;
}

static void remove_live(struct operation *self)
{
    *self->live_link = self->live_next;
    if (self->live_next)
        self->live_next->live_link = self->live_link;
}

static void ask(struct operation *self)
{
    if (self->asked)
        return;
    self->asked = true;
    self->next = NULL;
    *self->core->asked_end = self;
    self->core->asked_end = &self->next;
    core_wake(self->core);
}

static struct operation *take_asked(Core *core)
{
    struct operation *first = core->asked;
    if (!first)
        return NULL;
    core->asked = first->next;
    if (!core->asked)
        core->asked_end = &core->asked;
    first->asked = false;
    return first;
}

/* ==== from the beginning to the completion ==== */

static void has_ended(struct operation *self)
{
    self->state = OPERATION_ENDED;
    self->next = NULL;
    *self->core->completed_end = self;
    self->core->completed_end = &self->next;
}

/* Inside of a step. */
static void completed(struct eddy_operation *op)
{
    has_ended((struct operation *)(void *)op);
}

static void submit(struct operation *self)
{
    self->op.complete = completed;
    int error = self->cancelled ? ECANCELED : self->start(self);
    self->state = OPERATION_FLYING;
    if (error) {
        self->op.result = -error;
        has_ended(self);
    }
}

void operation_begin(struct operation *self)
{
    self->state = OPERATION_ASKED;
    self->cancelled = false;
    Py_INCREF(self->owner);
    add_live(self);
    if (core_is_here(self->core))
        submit(self);
    else
        ask(self);
}

void operation_cancel(struct operation *self)
{
    if (self->cancelled || self->state == OPERATION_IDLE || self->state == OPERATION_ENDED)
        return;
    self->cancelled = true;
    if (self->state == OPERATION_FLYING && core_is_here(self->core))
        eddy_operation_cancel(&self->op);
    else
        ask(self);
}

void operations_settle_asked(Core *core)
{
    for (struct operation *self; (self = take_asked(core));) {
        if (self->state == OPERATION_ASKED)
            submit(self);
        else if (self->state == OPERATION_FLYING && self->cancelled)
            eddy_operation_cancel(&self->op);
    }
}

/* ==== the end ==== */

static int finish(struct operation *self)
{
    PyObject *owner = self->owner;
    stack_check(self->core);
    self->state = OPERATION_IDLE;
    remove_live(self);
    int error = self->done(self);
    Py_DECREF(owner);
    return error;
}

int operations_handle(Core *core)
{
    struct operation *batch = core->completed;
    core->completed = NULL;
    core->completed_end = &core->completed;
    while (batch) {
        struct operation *self = batch;
        batch = self->next;
        if (finish(self) == 0)
            continue;
        if (batch) { /* the others come first in the next run */
            struct operation **end = &batch;
            while (*end)
                end = &(*end)->next;
            *end = core->completed;
            if (!core->completed)
                core->completed_end = end == &batch ? &core->completed : end;
            core->completed = batch;
        }
        return -1;
    }
    return 0;
}

/* A request to cancel is answered by the next looks at the kernel. */
enum { MOST_STEPS = 1000 };
static const double last_wait = 0.01;

void operation_end_now(struct operation *self)
{
    Core *core = self->core;
    operation_cancel(self);
    if (self->state == OPERATION_IDLE || self->state == OPERATION_ENDED || !core_is_usable(core))
        return;
    if (core_enter(core) < 0) {
        PyErr_Clear();
        return;
    }
    operations_settle_asked(core);
    for (int i = 0; self->state == OPERATION_FLYING && i < MOST_STEPS; i++)
        if (eddy_loop_step(core->loop, i ? last_wait : 0) != 0)
            break;
    core_leave(core);
}

void operations_end(Core *core)
{
    for (int i = 0; core->live && i < MOST_STEPS; i++) {
        for (struct operation *self = core->live; self; self = self->live_next)
            operation_cancel(self);
        operations_settle_asked(core);
        if (!core->completed && eddy_loop_step(core->loop, i ? last_wait : 0) != 0)
            break;
        if (operations_handle(core) < 0)
            PyErr_WriteUnraisable((PyObject *)Py_TYPE(core)); /* the loop itself may be dying */
    }
}

void operations_forget(Core *core)
{
    core->asked = core->completed = NULL;
    core->asked_end = &core->asked;
    core->completed_end = &core->completed;
    while (core->live) {
        struct operation *self = core->live;
        self->state = OPERATION_IDLE;
        self->asked = false;
        remove_live(self);
        Py_DECREF(self->owner);
    }
}

int operations_traverse(Core *core, visitproc visit, void *arg)
{
    for (struct operation *self = core->live; self; self = self->live_next)
        Py_VISIT(self->owner);
    return 0;
}
