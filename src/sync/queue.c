/* SPDX-License-Identifier: MIT */
/*
 * queue.c - items from tasks to tasks: who puts, who gets, who waits.  How items lie is in queue_items.c.
 *
 * Who waits and is woken holds a promise: of an item, or of room for one.  The item stays in the queue until the
 * getter has gone on, so that nothing is lost if that task is cancelled first: the promise goes to the next.
 * A put or get that need not wait makes itself a promise and keeps it at once.
 *
 * Invariant, while the queue is open: promised <= count, and count + promised_room <= max_size if there is a
 * limit; getters wait only while every item is promised, putters only while all room is taken or promised.
 */
#define EDDY_LIBRARY
#include "sync/queue_items.h"

#include "base/assert.h"
#include "core/failure.h"
#include "core/task.h"
#include "os/memory.h"

static struct eddy_queue_op *op_of(struct eddy_awaitable *a)
{
    return (struct eddy_queue_op *)(void *)a;
}

static void *item_of(struct eddy_queue_op *op)
{
    return (char *)op + op->item_offset;
}

static bool has_item(const struct eddy_queue *queue)
{
    return queue->count > queue->promised;
}

static bool has_room(const struct eddy_queue *queue)
{
    return queue->max_size == 0 || queue->count + queue->promised_room < queue->max_size;
}

static void wake_getter(struct eddy_queue *queue)
{
    if (has_item(queue) && waiters_wake_first(&queue->getters))
        queue->promised++;
}

static void wake_putter(struct eddy_queue *queue)
{
    if (has_room(queue) && waiters_wake_first(&queue->putters))
        queue->promised_room++;
}

/* An item goes in, or comes out, where a promise or a look has shown that it can. */
static bool put_in(struct eddy_queue *queue, const void *item)
{
    if (!items_push(queue, item))
        return false;
    queue->unfinished++;
    wake_getter(queue);
    return true;
}

static void take_out(struct eddy_queue *queue, void *item)
{
    items_pop(queue, item);
    wake_putter(queue);
}

static struct eddy_failure *shut_down_failure(const char *what)
{
    return failure_of(EDDY_QUEUE_SHUT_DOWN, "%s", what);
}

/* ---- get ---- */

static void start_get(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    if (has_item(queue)) {
        queue->promised++;
        native_complete(a, NULL);
    } else if (queue->shut_down) {
        native_complete(a, shut_down_failure("eddy_queue_get"));
    } else {
        waiters_add(&queue->getters, a);
    }
}

/* Woken by eddy_queue_end, without a promise; or what was promised has been thrown away since. */
static bool has_nothing(const struct eddy_queue_op *op)
{
    return op->item_offset == 0 || op->queue->count == 0;
}

static void finish_get(struct eddy_awaitable *a)
{
    struct eddy_queue_op *op = op_of(a);
    if (has_nothing(op)) {
        a->awaitable.failure = shut_down_failure("eddy_queue_get");
        return;
    }
    op->queue->promised--;
    take_out(op->queue, item_of(op));
}

static void undo_get(struct eddy_awaitable *a)
{
    struct eddy_queue_op *op = op_of(a);
    if (has_nothing(op))
        return;
    op->queue->promised--;
    wake_getter(op->queue);
}

const struct eddy_awaitable_type eddy_queue_get_type = {.name = "eddy_queue_get",
                                                        .start = start_get,
                                                        .cancel = waiters_cancel,
                                                        .finish = finish_get,
                                                        .undo = undo_get};

/* ---- put ---- */

static void start_put(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    if (queue->shut_down) {
        native_complete(a, shut_down_failure("eddy_queue_put"));
    } else if (has_room(queue)) {
        queue->promised_room++;
        native_complete(a, NULL);
    } else {
        waiters_add(&queue->putters, a);
    }
}

static void finish_put(struct eddy_awaitable *a)
{
    struct eddy_queue_op *op = op_of(a);
    struct eddy_queue *queue = op->queue;
    if (queue->shut_down) {
        a->awaitable.failure = shut_down_failure("eddy_queue_put");
        return;
    }
    queue->promised_room--;
    if (put_in(queue, item_of(op)))
        return;
    a->awaitable.failure = failure_of(ENOMEM, "eddy_queue_put: the queue holds %zu items", queue->count);
    wake_putter(queue);
}

static void undo_put(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    if (queue->shut_down)
        return;
    queue->promised_room--;
    wake_putter(queue);
}

const struct eddy_awaitable_type eddy_queue_put_type = {.name = "eddy_queue_put",
                                                        .start = start_put,
                                                        .cancel = waiters_cancel,
                                                        .finish = finish_put,
                                                        .undo = undo_put};

/* ---- without waiting ---- */

bool eddy_queue_push(struct eddy_queue *queue, const void *item)
{
    return !queue->shut_down && has_room(queue) && put_in(queue, item);
}

bool eddy_queue_pull(struct eddy_queue *queue, void *item)
{
    if (!has_item(queue))
        return false;
    take_out(queue, item);
    return true;
}

/* ---- join ---- */

static void start_join(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = ((struct eddy_queue_join *)(void *)a)->queue;
    if (queue->unfinished == 0)
        native_complete(a, NULL);
    else
        waiters_add(&queue->joiners, a);
}

/* All joiners were woken: it only says that a cancellation ends this await. */
static void undo_join(struct eddy_awaitable *a)
{
    (void)a;
}

const struct eddy_awaitable_type eddy_queue_join_type = {.name = "eddy_queue_join",
                                                         .start = start_join,
                                                         .cancel = waiters_cancel,
                                                         .undo = undo_join};

static void count_finished(struct eddy_queue *queue, size_t n)
{
    queue->unfinished -= n;
    while (queue->unfinished == 0 && waiters_wake_first(&queue->joiners))
        continue;
}

void eddy_queue_finish_one(struct eddy_queue *queue)
{
    EDDY_ASSERT(queue->unfinished > 0, "eddy_queue_task_done was called more often than items were put");
    count_finished(queue, 1);
}

/* ---- the life of a queue ---- */

void eddy_queue_setup(struct eddy_queue *queue, size_t item_size, size_t max_size,
                      enum eddy_queue_order order, eddy_queue_compare compare)
{
    *queue = (struct eddy_queue){
        .item_size = item_size, .max_size = max_size, .order = (uint8_t)order, .compare = compare};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Woken without a promise: finish sees that there is nothing for it. */
static void wake_in_vain(struct eddy_waiters *list)
{
    for (struct eddy_awaitable *a; (a = waiters_first(list));) {
        op_of(a)->item_offset = 0;
        waiters_wake_first(list);
    }
}

void eddy_queue_end(struct eddy_queue *queue, bool immediate)
{
    queue->shut_down = true;
    queue->promised_room = 0;
    if (immediate) {
        size_t dropped = queue->count;
        queue->count = queue->promised = 0;
        count_finished(queue, smaller(dropped, queue->unfinished));
    }
    wake_in_vain(&queue->getters);
    wake_in_vain(&queue->putters);
}

/* Tasks that still wait stay in their lists, from which a cancellation takes them. */
void eddy_queue_drop(struct eddy_queue *queue)
{
    memory_free(queue->items);
    queue->items = NULL;
    queue->capacity = queue->first = queue->count = queue->promised = queue->promised_room = 0;
    queue->shut_down = true;
}
