/* SPDX-License-Identifier: MIT */
/* file_op.c - an operation on files as an awaitable.  The rules stand in file.h. */
#define EDDY_LIBRARY
#include <errno.h>

#include "core/impl.h"
#include "io/file.h"
#include "os/memory.h"

static bool is_of_files(const struct file_op *self)
{
    return driver_kind_is_of_files(self->kind);
}

static void end(struct file_op *self, int64_t result)
{
    bool cancelled = result == -ECANCELED && self->asked;
    self->result = result;
    native_complete(&self->awaitable, cancelled ? &failure_cancelled : NULL);
}

static void on_completion(struct driver_op *op)
{
    struct task *task = container_of(op, struct task, wait.op);
    struct file_op *self = (struct file_op *)(void *)task->waits_for;
    if (is_of_files(self))
        memory_free(op->u.file);
    end(self, op->result);
}

/* False: no memory. */
static bool describe(const struct file_op *self, struct driver_op *op)
{
    *op = (struct driver_op){.kind = self->kind, .fd = self->fd, .complete = on_completion};
    if (!is_of_files(self)) {
        op->u.buffer.data = self->what.data;
        op->u.buffer.size = self->what.size;
        return true;
    }
    op->u.file = memory_alloc(sizeof *op->u.file);
    if (op->u.file)
        *op->u.file = self->what;
    return op->u.file != NULL;
}

static void start(struct eddy_awaitable *a)
{
    struct file_op *self = (struct file_op *)(void *)a;
    struct task *task = owner_of(a);
    struct driver_op *op = &task->wait.op;
    if (!describe(self, op))
        end(self, -ENOMEM);
    else if (driver_submit(task->loop->driver, op))
        on_completion(op);
}

static void cancel(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    ((struct file_op *)(void *)a)->asked = true;
    driver_cancel(task->loop->driver, &task->wait.op);
}

static const struct eddy_awaitable_type op_type = {
    .name = "file operation", .start = start, .cancel = cancel, .kind = EDDY_IO, .size = sizeof(struct file_op)};

struct file_op file_op(uint8_t kind, int fd, struct driver_file what)
{
    return (struct file_op){ED_HEADER(op_type), .kind = kind, .fd = fd, .what = what};
}
