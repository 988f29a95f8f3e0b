/* SPDX-License-Identifier: MIT */
/*
 * operation.h - one operation of the driver as an awaitable: on a socket, a pipe, a file.
 *
 * Invariant: while it is in flight the driver has a copy of `what`, in the header of the task that waits, and the
 * memory that `what` refers to. The awaitable itself, which lies on that task's stack, is read when it starts and
 * written when it ends.
 *
 * A result below zero is a negative errno value, which the caller turns into an error that says what was being done.
 * Only the cancellation of the waiting task fails the await itself.
 */
#ifndef EDDY_CORE_OPERATION_H
#define EDDY_CORE_OPERATION_H

#include "core/native.h"

struct operation {
    struct eddy_awaitable awaitable;
    int64_t result;        /* the driver's result: that of the system call, or a negative errno value */
    struct driver_op what; /* the request to the driver; after a DRIVER_RECV_LENT with the lent buffer */
    /* Called after each completion, with the driver's copy. True: the copy is submitted again. NULL: not called. */
    bool (*goes_on)(struct operation *self, struct driver_op *op);
};

extern const struct eddy_awaitable_type operation_type;
/* Its `run`: awaits an operation that was just made. */
void operation_run(struct eddy_awaitable *a);

/* Awaits the receive of lent bytes, with a task that native_is_free. Returns the driver's copy of the request, with its
 * result and the buffer, valid until the task waits again. *failure is set, to NULL after success. */
const struct driver_op *operation_receive_lent(int fd, bool single, struct eddy_failure **failure);

/* OPERATION_OF(.kind = DRIVER_RECV, .fd = fd, ...): the awaitable; the arguments are members of struct driver_op. */
#define OPERATION_OF(...) ((struct operation){.awaitable.awaitable.type = &operation_type, .what = {__VA_ARGS__}})

#endif
