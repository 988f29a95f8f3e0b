/* SPDX-License-Identifier: MIT */
/*
 * queue.c - items from tasks to tasks: putters, getters and their wait queues.  queue_items.c stores the items.
 *
 * The order is exactly that of asyncio.Queue, since the transcripts of its programs depend on it: each item that
 * goes in wakes the getter that has waited longest, and stays in the queue until that task goes on. A task that asks
 * meanwhile takes it; the woken one then finds nothing and waits again, as the last. If the woken task is cancelled
 * meanwhile, it still takes its item, and the request waits for its next await; this await fails only if the item is
 * gone. Putters and room follow the same rule.
 *
 * Invariant, while the queue is open: getters wait only while there is no item or a woken task is on its way to look
 * for one; putters only while there is no room or a woken task is on its way.
 */
#define EDDY_LIBRARY
#include "sync/queue_items.h"

#include "base/assert.h"
#include "core/impl.h"
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
    return queue->count > 0;
}

static bool has_room(const struct eddy_queue *queue)
{
    return queue->max_size == 0 || queue->count < queue->max_size;
}

static void wake_putter(struct eddy_queue *queue)
{
    if (queue->putters.first && has_room(queue))
        waiters_wake_first(&queue->putters);
}

/* Puts or takes an item, after a check that this is possible. */
static inline __attribute__((always_inline)) void put_into_room(struct eddy_queue *queue, const void *item)
{
    items_push(queue, item);
    queue->unfinished++;
    waiters_wake_first(&queue->getters);
}

/* False: no memory. */
static bool put_in(struct eddy_queue *queue, const void *item)
{
    if (!items_have_room(queue) && !items_grow(queue))
        return false;
    put_into_room(queue, item);
    return true;
}

static inline __attribute__((always_inline)) void take_out(struct eddy_queue *queue, void *item)
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
        native_complete(a, NULL); /* finish takes it */
    } else if (queue->shut_down) {
        native_complete(a, shut_down_failure("eddy_queue_get"));
    } else {
        waiters_wait(&queue->getters, a);
    }
}

static void finish_get(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    if (has_item(queue)) {
        take_out(queue, item_of(op_of(a)));
    } else if (queue->shut_down) {
        a->awaitable.failure = shut_down_failure("eddy_queue_get");
    } else {
        native_again(a);
        waiters_add(&queue->getters, a);
    }
}

/* Waits until there is an item; false: the wait is over for another reason. */
static inline bool wait_for_item(struct task *self, struct eddy_queue *queue, struct eddy_awaitable *a)
{
    native_enter(self, a);
    waiters_add(&queue->getters, a);
    if (!native_wait_once(self, a))
        return false;
    if (has_item(queue))
        return true;
    finish_get(a);
    if (self->waits_for)
        native_wait(self, a);
    return false;
}

static void run_get(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    struct task *self = current.task;
    if (queue->shut_down || !native_is_free(self) || !waiters_are_ours(&queue->getters)) {
        eddy_run_generic(a);
        return;
    }
    if (has_item(queue))
        task_note_at_once(self);
    else if (!wait_for_item(self, queue, a))
        return;
    take_out(queue, item_of(op_of(a)));
}

const struct eddy_awaitable_type eddy_queue_get_type = {.name = "eddy_queue_get",
                                                        .run = run_get,
                                                        .start = start_get,
                                                        .cancel = waiters_cancel,
                                                        .finish = finish_get};

/* ---- put ---- */

static void start_put(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    if (queue->shut_down) {
        native_complete(a, shut_down_failure("eddy_queue_put"));
    } else if (has_room(queue)) {
        native_complete(a, NULL); /* finish puts it in */
    } else {
        waiters_wait(&queue->putters, a);
    }
}

static void finish_put(struct eddy_awaitable *a)
{
    struct eddy_queue_op *op = op_of(a);
    struct eddy_queue *queue = op->queue;
    if (queue->shut_down) {
        a->awaitable.failure = shut_down_failure("eddy_queue_put");
    } else if (!has_room(queue)) {
        native_again(a);
        waiters_add(&queue->putters, a);
    } else if (!put_in(queue, item_of(op))) {
        a->awaitable.failure = failure_of(ENOMEM, "eddy_queue_put: the queue holds %zu items", queue->count);
        wake_putter(queue);
    }
}

static void run_put(struct eddy_awaitable *a)
{
    struct eddy_queue *queue = op_of(a)->queue;
    struct task *self = current.task;
    if (!native_is_free(self) || queue->shut_down || !items_have_room(queue)) {
        eddy_run_generic(a);
        return;
    }
    task_note_at_once(self);
    put_into_room(queue, item_of(op_of(a)));
}

const struct eddy_awaitable_type eddy_queue_put_type = {.name = "eddy_queue_put",
                                                        .run = run_put,
                                                        .start = start_put,
                                                        .cancel = waiters_cancel,
                                                        .finish = finish_put};

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
        waiters_wait(&queue->joiners, a);
}

/* A join hands nothing over: having an undo makes a cancellation end this await. */
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
    EDDY_ASSERT(queue->unfinished > 0,
                "eddy_queue_task_done was called more often than items were put: call it once for each item that "
                "was taken");
    count_finished(queue, 1);
}

/* ---- the life of a queue ---- */

void eddy_queue_setup(struct eddy_queue *queue, size_t item_size, size_t max_size,
                      enum eddy_queue_order order, eddy_queue_compare compare)
{
    *queue = (struct eddy_queue){.item_size = item_size,
                                 .max_size = max_size,
                                 .stride = items_stride(order, item_size),
                                 .compare = compare,
                                 .order = (uint8_t)order};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The `finish` of each waiting task sees that the queue was shut down. */
static void wake_all(struct eddy_waiters *list)
{
    while (waiters_wake_first(list))
        continue;
}

void eddy_queue_end(struct eddy_queue *queue, bool immediate)
{
    queue->shut_down = true;
    if (immediate) {
        size_t dropped = queue->count;
        queue->count = 0;
        count_finished(queue, smaller(dropped, queue->unfinished));
    }
    wake_all(&queue->getters);
    wake_all(&queue->putters);
}

/* Tasks that still wait remain in their lists, from which a cancellation removes them. */
void eddy_queue_drop(struct eddy_queue *queue)
{
    memory_free(queue->items);
    queue->items = NULL;
    queue->capacity = queue->first = queue->count = 0;
    queue->shut_down = true;
}
