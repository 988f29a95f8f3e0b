/* SPDX-License-Identifier: MIT */
/*
 * queue.h - items from tasks to tasks: first in first out, last in first out, or smallest first.
 *
 *     typedef queue_of(int) int_queue;
 *     int_queue q;  eddy_queue_init(&q, 10);
 *     await(eddy_queue_put(&q, 5));  int item = await(eddy_queue_get(&q));
 *     eddy_queue_free(&q);
 *
 * Items are copied in and out.  Getters and putters are woken in the order they came.  A get that finds an item
 * takes it, even before a getter that was woken for it and has not run yet, as with asyncio.Queue.
 */
#ifndef EDDY_QUEUE_H
#define EDDY_QUEUE_H

#include "lock.h"

#ifdef __cplusplus
extern "C" {
#endif

enum eddy_queue_order { EDDY_QUEUE_FIFO, EDDY_QUEUE_LIFO, EDDY_QUEUE_PRIORITY };

/* Negative, 0 or positive if a comes before, with or after b; items with 0 keep their order. */
typedef int (*eddy_queue_compare)(const void *a, const void *b);

struct eddy_queue {
    char *items;                   /* a ring, or a heap; owned by the library */
    struct eddy_waiters getters, putters, joiners;
    size_t item_size, max_size;    /* max_size 0: without limit */
    size_t stride;                 /* from one item to the next */
    size_t capacity, first, count;
    size_t unfinished;             /* items that were put, and for which eddy_queue_task_done was not called yet */
    eddy_queue_compare compare;
    uint64_t sequence;             /* the sequence number of the next item, for ties */
    uint8_t order;                 /* a value of enum eddy_queue_order */
    bool shut_down;
};

/* The common beginning of get and put; the item is at item_offset. */
struct eddy_queue_op {
    struct eddy_awaitable awaitable;
    struct eddy_queue *queue;
    size_t item_offset;
};
struct eddy_queue_join {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct eddy_queue *queue;
};

/* ---- called by the typed macros; not for programs ---- */
EDDY_API extern const struct eddy_awaitable_type eddy_queue_get_type, eddy_queue_put_type,
    eddy_queue_join_type;
EDDY_API void eddy_queue_setup(struct eddy_queue *queue, size_t item_size, size_t max_size,
                               enum eddy_queue_order order, eddy_queue_compare compare);
EDDY_API bool eddy_queue_push(struct eddy_queue *queue, const void *item);
EDDY_API bool eddy_queue_pull(struct eddy_queue *queue, void *item);
EDDY_API void eddy_queue_finish_one(struct eddy_queue *queue);
EDDY_API void eddy_queue_end(struct eddy_queue *queue, bool immediate);
EDDY_API void eddy_queue_drop(struct eddy_queue *queue);
/* The function that the macro of this name hides, so that defer(eddy_queue_free, &q) works. Since 0.1. */
static inline void eddy_queue_free(void *queue)
{
    eddy_queue_drop((struct eddy_queue *)queue);
}

#ifdef __cplusplus
}
#endif
#endif
