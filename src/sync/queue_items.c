/* SPDX-License-Identifier: MIT */
/*
 * queue_items.c - how the items of a queue lie.
 *
 * FIFO: a ring that begins at `first`.  LIFO: the same, with `first` at 0 for ever.  Priority: a binary heap, each
 * item followed by the sequence number of its put, so that equal items keep their order.
 */
#include "sync/queue_items.h"

#include <string.h>

#include "os/memory.h"

enum { FIRST_CAPACITY = 8 };

/* From one item to the next.  memory_alloc aligns to 16; an item's alignment divides its size, so one whose size is
 * no multiple of 16 needs no more than 8. */
static size_t stride(const struct eddy_queue *queue)
{
    size_t size = queue->item_size;
    if (queue->order != EDDY_QUEUE_PRIORITY)
        return size;
    return size % 16 == 0 ? size + 16 : (size + 7) / 8 * 8 + sizeof(uint64_t);
}

static char *slot(const struct eddy_queue *queue, size_t i)
{
    return queue->items + i * stride(queue);
}

/* A copy of known size is a register move, not a call. */
static void copy(void *to, const void *from, size_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, size);
}

static size_t wrapped(const struct eddy_queue *queue, size_t i)
{
    return i < queue->capacity ? i : i - queue->capacity;
}

/* ---- growing ---- */

/* The part of the ring that began behind the wrap goes to the new end. */
static void move_tail(struct eddy_queue *queue, size_t capacity)
{
    size_t tail = queue->capacity - queue->first, first = capacity - tail;
    memmove(slot(queue, first), slot(queue, queue->first), tail * stride(queue));
    queue->first = first;
}

static bool grow(struct eddy_queue *queue)
{
    size_t capacity = queue->capacity ? queue->capacity * 2 : FIRST_CAPACITY, bytes;
    if (queue->max_size && capacity > queue->max_size)
        capacity = queue->max_size;
    if (__builtin_mul_overflow(capacity, stride(queue), &bytes))
        return false;
    char *items = memory_grow(queue->items, bytes);
    if (!items)
        return false;
    queue->items = items;
    if (queue->first)
        move_tail(queue, capacity);
    queue->capacity = capacity;
    return true;
}

/* ---- the heap ---- */

/* Behind the item, at the end of its slot. */
static uint64_t sequence_of(const struct eddy_queue *queue, const char *entry)
{
    uint64_t sequence;
    memcpy(&sequence, entry + stride(queue) - sizeof sequence, sizeof sequence);
    return sequence;
}

static bool before(const struct eddy_queue *queue, const char *a, const char *b)
{
    int order = queue->compare(a, b);
    return order < 0 || (order == 0 && sequence_of(queue, a) < sequence_of(queue, b));
}

/* The new item has the highest sequence, so it passes only what is truly greater. */
static void sift_up(struct eddy_queue *queue, const void *item)
{
    size_t i = queue->count, parent;
    for (; i > 0 && queue->compare(item, slot(queue, parent = (i - 1) / 2)) < 0; i = parent)
        memcpy(slot(queue, i), slot(queue, parent), stride(queue));
    memcpy(slot(queue, i), item, queue->item_size);
    memcpy(slot(queue, i + 1) - sizeof queue->sequence, &queue->sequence, sizeof queue->sequence);
    queue->sequence++;
}

/* The hole at the top is filled from below, and at last by the last item, which lies at `count` meanwhile. */
static void sift_down(struct eddy_queue *queue)
{
    const char *last = slot(queue, queue->count);
    size_t i = 0, child;
    while ((child = 2 * i + 1) < queue->count) {
        if (child + 1 < queue->count && before(queue, slot(queue, child + 1), slot(queue, child)))
            child++;
        if (!before(queue, slot(queue, child), last))
            break;
        memcpy(slot(queue, i), slot(queue, child), stride(queue));
        i = child;
    }
    if (slot(queue, i) != last)
        memcpy(slot(queue, i), last, stride(queue));
}

/* ---- in and out ---- */

bool items_push(struct eddy_queue *queue, const void *item)
{
    if (queue->count == queue->capacity && !grow(queue))
        return false;
    if (queue->order == EDDY_QUEUE_PRIORITY)
        sift_up(queue, item);
    else
        copy(slot(queue, wrapped(queue, queue->first + queue->count)), item, queue->item_size);
    queue->count++;
    return true;
}

void items_pop(struct eddy_queue *queue, void *item)
{
    queue->count--;
    switch ((enum eddy_queue_order)queue->order) {
    case EDDY_QUEUE_FIFO:
        copy(item, slot(queue, queue->first), queue->item_size);
        queue->first = wrapped(queue, queue->first + 1);
        break;
    case EDDY_QUEUE_LIFO: copy(item, slot(queue, queue->count), queue->item_size); break;
    case EDDY_QUEUE_PRIORITY:
        memcpy(item, slot(queue, 0), queue->item_size);
        sift_down(queue);
        break;
    }
}
