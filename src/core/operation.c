/* SPDX-License-Identifier: MIT */
/* operation.c - see operation.h. */
#include "core/operation.h"

#include "base/assert.h"
#include "core/failure.h"
#include "core/loop.h"

static struct operation *operation_of(struct eddy_awaitable *a)
{
    return container_of(a, struct operation, awaitable);
}

/* Without a request to cancel no result is ECANCELED: see driver.h. */
static void end(struct operation *self, const struct driver_op *op)
{
    self->result = op->result;
    if (op->kind == DRIVER_RECV_LENT)
        self->what.u.lent = op->u.lent;
    native_complete(&self->awaitable, op->result == -ECANCELED ? &failure_cancelled : NULL);
}

/* It has a result. */
static void take(struct operation *self, struct driver_op *op)
{
    while (self->goes_on && self->goes_on(self, op))
        if (!driver_submit(owner_of(&self->awaitable)->loop->driver, op))
            return;
    end(self, op);
}

/* It is the whole operation, and no answer to a request. */
static inline bool is_plain(const struct operation *self, const struct driver_op *op)
{
    return !self->goes_on && op->result != -ECANCELED;
}

static void completed(struct driver_op *op)
{
    struct task *task = container_of(op, struct task, wait.op);
    struct operation *self = operation_of(task->waits_for);
    EDDY_INVARIANT(self->awaitable.awaitable.type == &operation_type);
    if (!is_plain(self, op) || task->loop != current.loop) {
        take(self, op);
        return;
    }
    self->result = op->result;
    if (op->kind == DRIVER_RECV_LENT)
        self->what.u.lent = op->u.lent;
    native_end(task, &self->awaitable, NULL);
}

/* The same for operation_receive_lent, whose caller reads the driver's copy. */
static void received(struct driver_op *op)
{
    struct task *task = container_of(op, struct task, wait.op);
    EDDY_INVARIANT(op->kind == DRIVER_RECV_LENT);
    if (op->result == -ECANCELED)
        native_complete(task->waits_for, &failure_cancelled);
    else if (task->loop != current.loop)
        native_complete(task->waits_for, NULL);
    else
        native_end(task, task->waits_for, NULL);
}

static inline void submit(struct task *task, struct operation *self)
{
    struct driver_op *op = &task->wait.op;
    *op = self->what;
    op->complete = completed;
    if (driver_submit(task->loop->driver, op))
        take(self, op);
}

static void start(struct eddy_awaitable *a)
{
    submit(owner_of(a), operation_of(a));
}

static inline __attribute__((always_inline)) void wait_for_end(struct task *task, struct eddy_awaitable *a)
{
    if (a->awaitable.state != EDDY_FINISHED) {
        native_wait_once(task, a);
        return;
    }
    task->waits_for = NULL;
    task->at_once++;
}

static void cancel(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    driver_cancel(task->loop->driver, &task->wait.op);
}

/* The value of operation_receive_lent has no members of its own. */
static const struct eddy_awaitable_type receive_type = {
    .name = "operation", .cancel = cancel, .kind = EDDY_IO, .size = sizeof(struct eddy_awaitable)};

/* What each read of a stream does: the request is written straight into the task. */
const struct driver_op *operation_receive_lent(int fd, bool single, struct eddy_failure **failure)
{
    struct task *task = current.task;
    struct driver_op *op = &task->wait.op;
    struct eddy_awaitable self;
    self.awaitable.type = &receive_type;
    self.awaitable.failure = NULL;
    native_enter(task, &self);
    op->kind = DRIVER_RECV_LENT;
    op->state = 0;
    op->fd = fd;
    op->u.lent.single = single;
    op->complete = received;
    if (driver_submit_here(task->loop->driver, op))
        received(op);
    wait_for_end(task, &self);
    *failure = self.awaitable.failure;
    return op;
}

/* The same as eddy_run_generic. */
void operation_run(struct eddy_awaitable *a)
{
    struct task *self = current.task;
    if (!native_is_free(self)) {
        eddy_run_generic(a);
        return;
    }
    native_enter(self, a);
    a->awaitable.failure = NULL;
    submit(self, operation_of(a));
    wait_for_end(self, a);
}

const struct eddy_awaitable_type operation_type = {
    .name = "operation", .run = operation_run, .start = start, .cancel = cancel, .kind = EDDY_IO,
    .size = sizeof(struct operation)};
