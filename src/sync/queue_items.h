/* SPDX-License-Identifier: MIT */
/*
 * queue_items.h - how the items of a queue are stored: in a ring, a stack, or a heap, by the queue's order.
 *
 * FIFO: a ring that begins at `first`. LIFO: the same, with `first` always 0. Priority: a binary heap, each item
 * followed by the sequence number of its put, so that equal items keep their order. The ring is in this header
 * because a put and a get are little more than its few instructions.
 */
#ifndef EDDY_SYNC_QUEUE_ITEMS_H
#define EDDY_SYNC_QUEUE_ITEMS_H

#include <string.h>

#include "base/assert.h"
#include "eddy/queue.h"

size_t items_stride(enum eddy_queue_order order, size_t item_size);
/* Makes room for one more item; false: no memory, and nothing has changed. */
bool items_grow(struct eddy_queue *queue);
/* put needs room; get needs an item. */
void items_heap_push(struct eddy_queue *queue, const void *item);
void items_heap_pop(struct eddy_queue *queue, void *item);

static inline char *items_slot(const struct eddy_queue *queue, size_t i)
{
    return queue->items + i * queue->stride;
}

/* A copy of known size is a register move, not a call. */
static inline void items_copy(void *to, const void *from, size_t size)
{
    __asm__("" : "+r"(to)); /* otherwise link-time optimisation sees an int, and warns about the branch for 8 bytes */
    if (size == 8) {
        uint64_t word;
        memcpy(&word, from, 8);
        __asm__("" : "+r"(word)); /* otherwise clang makes one call of the three */
        memcpy(to, &word, 8);
    } else if (size == 4) {
        uint32_t word;
        memcpy(&word, from, 4);
        __asm__("" : "+r"(word));
        memcpy(to, &word, 4);
    } else {
        memcpy(to, from, size);
    }
}

/* True: there is memory for one more item, which is never more than the queue may hold. */
static inline bool items_have_room(const struct eddy_queue *queue)
{
    return queue->count < queue->capacity;
}
/* Copies *item in; there must be room for it, see items_grow. */
static inline void items_push(struct eddy_queue *queue, const void *item)
{
    EDDY_INVARIANT(items_have_room(queue));
    if (queue->order == EDDY_QUEUE_PRIORITY) {
        items_heap_push(queue, item);
        return;
    }
    size_t i = queue->first + queue->count++;
    if (i >= queue->capacity)
        i -= queue->capacity;
    items_copy(items_slot(queue, i), item, queue->item_size);
}

/* Copies the next item out; there must be one. */
static inline void items_pop(struct eddy_queue *queue, void *item)
{
    EDDY_INVARIANT(queue->count > 0);
    if (queue->order == EDDY_QUEUE_PRIORITY) {
        items_heap_pop(queue, item);
        return;
    }
    size_t i = --queue->count;
    if (queue->order == EDDY_QUEUE_FIFO) {
        i = queue->first++;
        if (queue->first == queue->capacity)
            queue->first = 0;
    }
    items_copy(item, items_slot(queue, i), queue->item_size);
}

#endif
