/* SPDX-License-Identifier: MIT */
/* queue_items.c - the rare or slow operations on the items of a queue: growing, and the heap. */
#include "sync/queue_items.h"

#include "os/memory.h"

enum { FIRST_CAPACITY = 8 };

/* memory_alloc aligns to 16; an item's alignment divides its size, so an item whose size is not a multiple of 16
 * needs no more than 8. */
size_t items_stride(enum eddy_queue_order order, size_t item_size)
{
    if (order != EDDY_QUEUE_PRIORITY)
        return item_size;
    return item_size % 16 == 0 ? item_size + 16 : (item_size + 7) / 8 * 8 + sizeof(uint64_t);
}

/* The part of the ring that began after the wrap goes to the new end. */
static void move_tail(struct eddy_queue *queue, size_t capacity)
{
    size_t tail = queue->capacity - queue->first, first = capacity - tail;
    memmove(items_slot(queue, first), items_slot(queue, queue->first), tail * queue->stride);
    queue->first = first;
}

bool items_grow(struct eddy_queue *queue)
{
    size_t capacity = queue->capacity ? queue->capacity * 2 : FIRST_CAPACITY, bytes;
    if (queue->max_size && capacity > queue->max_size)
        capacity = queue->max_size;
    if (__builtin_mul_overflow(capacity, queue->stride, &bytes))
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

/* After the item, at the end of its slot. */
static uint64_t sequence_of(const struct eddy_queue *queue, const char *entry)
{
    uint64_t sequence;
    memcpy(&sequence, entry + queue->stride - sizeof sequence, sizeof sequence);
    return sequence;
}

static bool before(const struct eddy_queue *queue, const char *a, const char *b)
{
    int order = queue->compare(a, b);
    return order < 0 || (order == 0 && sequence_of(queue, a) < sequence_of(queue, b));
}

/* No item comes before its parent. */
static bool is_heap(const struct eddy_queue *queue)
{
    for (size_t i = 1; i < queue->count; i++)
        if (before(queue, items_slot(queue, i), items_slot(queue, (i - 1) / 2)))
            return false;
    return true;
}

/* The new item has the highest sequence number, so it passes only items that are truly greater. */
void items_heap_push(struct eddy_queue *queue, const void *item)
{
    size_t i = queue->count++, parent;
    for (; i > 0 && queue->compare(item, items_slot(queue, parent = (i - 1) / 2)) < 0; i = parent)
        memcpy(items_slot(queue, i), items_slot(queue, parent), queue->stride);
    memcpy(items_slot(queue, i), item, queue->item_size);
    memcpy(items_slot(queue, i + 1) - sizeof queue->sequence, &queue->sequence, sizeof queue->sequence);
    queue->sequence++;
    EDDY_EXPENSIVE_INVARIANT(is_heap(queue));
}

/* The hole at the top moves down along the smaller children; the last item then fills it. */
void items_heap_pop(struct eddy_queue *queue, void *item)
{
    const char *last = items_slot(queue, --queue->count);
    size_t i = 0, child;
    memcpy(item, queue->items, queue->item_size);
    while ((child = 2 * i + 1) < queue->count) {
        if (child + 1 < queue->count &&
            before(queue, items_slot(queue, child + 1), items_slot(queue, child)))
            child++;
        if (!before(queue, items_slot(queue, child), last))
            break;
        memcpy(items_slot(queue, i), items_slot(queue, child), queue->stride);
        i = child;
    }
    if (items_slot(queue, i) != last)
        memcpy(items_slot(queue, i), last, queue->stride);
    EDDY_EXPENSIVE_INVARIANT(is_heap(queue));
}
