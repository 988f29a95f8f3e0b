/* SPDX-License-Identifier: MIT */
/* driver_uring_op.c - the list that an operation of the ring is in, and the lists of descriptors with work to do. */
#define _GNU_SOURCE
#include "os/driver_uring.h"

#if defined(EDDY_WITH_URING)

#include "base/assert.h"

struct list *uring_list_of(struct uring *uring, const struct driver_op *op)
{
    if (!uring_is_loose(op))
        return uring_queue_of(uring_find(uring, op->fd), op);
    if (op->state == URING_WAITING)
        return &uring->waiting;
    return op->kind == DRIVER_POLL ? &uring_find(uring, op->fd)->pollers : &uring->loose;
}

void uring_unsettle(struct uring *uring, int fd)
{
    struct uring_watch *watch = uring_find(uring, fd);
    if (watch->unsettled)
        return;
    watch->unsettled = true;
    watch->next_unsettled = uring->unsettled;
    uring->unsettled = fd;
}

void uring_suspect(struct uring *uring, struct uring_watch *watch, int fd)
{
    watch->suspect = true;
    watch->next_suspect = uring->suspects;
    uring->suspects = fd;
}

void uring_op_is_done(struct uring *uring, struct driver_op *op)
{
    EDDY_INVARIANT(op->state != URING_DONE);
    list_add_last(&uring->done, &op->link);
    op->state = URING_DONE;
}

void uring_finish_op(struct uring *uring, struct driver_op *op, int64_t result)
{
    struct list *list = uring_list_of(uring, op);
    list_remove(list, &op->link);
    op->result = result;
    uring_op_is_done(uring, op);
    if (!uring_is_loose(op) && !list_is_empty(list))
        uring_unsettle(uring, op->fd);
}

void uring_begin_later(struct uring *uring, struct driver_op *op)
{
    struct list *list = uring_list_of(uring, op);
    op->state = URING_WAITING;
    if (!uring_is_loose(op)) {
        uring_unsettle(uring, op->fd);
        return;
    }
    list_remove(list, &op->link);
    list_add_last(&uring->waiting, &op->link);
}

bool uring_send_cancel(struct uring *uring, uint64_t user_data)
{
    struct io_uring_sqe *sqe = ring_request(&uring->ring);
    if (!sqe)
        return false;
    io_uring_prep_cancel64(sqe, user_data, 0);
    sqe->user_data = RING_NOBODY;
    if ((uring->ring.io.features & IORING_FEAT_CQE_SKIP) != 0)
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    return true;
}

#endif
