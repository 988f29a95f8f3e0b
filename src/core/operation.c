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

static void completed(struct driver_op *op)
{
    struct task *task = container_of(op, struct task, wait.op);
    EDDY_INVARIANT(task->waits_for && task->waits_for->awaitable.type == &operation_type);
    take(operation_of(task->waits_for), op);
}

static void start(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    struct driver_op *op = &task->wait.op;
    *op = operation_of(a)->what;
    op->complete = completed;
    if (driver_submit(task->loop->driver, op))
        take(operation_of(a), op);
}

static void cancel(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    driver_cancel(task->loop->driver, &task->wait.op);
}

const struct eddy_awaitable_type operation_type = {
    .name = "operation", .start = start, .cancel = cancel, .kind = EDDY_IO, .size = sizeof(struct operation)};
