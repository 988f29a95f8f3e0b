/* SPDX-License-Identifier: MIT */
/* queue_items.h - how the items of a queue lie: a ring, a stack, or a heap; which, the queue's order tells. */
#ifndef EDDY_SYNC_QUEUE_ITEMS_H
#define EDDY_SYNC_QUEUE_ITEMS_H

#include "eddy/queue.h"

/* Copies *item in; false: no memory, and nothing has changed. */
bool items_push(struct eddy_queue *queue, const void *item);
/* Copies the next one out; there must be one. */
void items_pop(struct eddy_queue *queue, void *item);

#endif
