/* SPDX-License-Identifier: MIT */
/* driver_queue.h - a first-in first-out list of operations, linked through the operations
 * themselves. */
#ifndef EDDY_OS_DRIVER_QUEUE_H
#define EDDY_OS_DRIVER_QUEUE_H

#include "os/driver.h"

struct driver_queue {
    struct driver_op *first; /* NULL: empty, and then `last` means nothing */
    struct driver_op *last;
};

static inline void queue_append(struct driver_queue *queue, struct driver_op *op)
{
    op->next = NULL;
    op->prev = queue->first == NULL ? NULL : queue->last;
    if (op->prev == NULL)
        queue->first = op;
    else
        op->prev->next = op;
    queue->last = op;
}

static inline void queue_remove(struct driver_queue *queue, struct driver_op *op)
{
    if (op->prev == NULL)
        queue->first = op->next;
    else
        op->prev->next = op->next;
    if (op->next == NULL)
        queue->last = op->prev;
    else
        op->next->prev = op->prev;
}

#endif
