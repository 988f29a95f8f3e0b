/* SPDX-License-Identifier: MIT */
/* as_completed.c - handles in the order in which their tasks end. */
#include <string.h>

#include "base/assert.h"
#include "core/circle.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/generator.h"
#include "core/native.h"
#include "core/task.h"
#include "core/waiters.h"
#include "core/wrong_loop.h"
#include "eddy/macros.h"
#include "eddy/wait.h"
#include "os/memory.h"

struct completion {
    struct watch watch;
    struct completions *all;
    struct eddy_awaitable *awaitable;
    struct list_link link; /* its place in the queue of ended tasks */
};

struct completions {
    struct list ended;           /* tasks that have ended and were not handed out */
    struct eddy_waiters waiters; /* the consumer, if it is waiting */
    size_t count;                /* number of different handles: one that is given twice is handed out once */
    struct completion items[];
};

struct wait_one {
    struct eddy_awaitable awaitable;
    eddy_void result;
    struct completions *all;
};

static void ended(struct watch *watch)
{
    struct completion *item = container_of(watch, struct completion, watch);
    list_add_last(&item->all->ended, &item->link);
    waiters_wake_first(&item->all->waiters);
}

/* The consumer, if it is waiting and each remaining task would have to end after it. */
static struct task *waiter(struct watch *watch)
{
    struct completions *all = container_of(watch, struct completion, watch)->all;
    struct eddy_awaitable *a = waiters_first(&all->waiters);
    for (size_t i = 0; a && i < all->count; i++) {
        const struct completion *item = &all->items[i];
        if (watch_is_set(&item->watch) &&
            !(handle_is_task(item->awaitable) && circle_is_stuck(task_of_handle(item->awaitable))))
            return NULL;
    }
    return a ? owner_of(a) : NULL;
}

static void refuse(struct watch *watch, struct eddy_failure *failure)
{
    struct eddy_awaitable *a = waiters_first(&container_of(watch, struct completion, watch)->all->waiters);
    waiters_remove(a);
    native_complete(a, failure);
}

static const struct wait_kind by_order = {.waiter = waiter, .refuse = refuse};

/* The items; each handle appears once. */
static void collect(struct completions *all, const void *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eddy_awaitable *a;
        memcpy(&a, (const char *)tasks + i * sizeof a, sizeof a);
        if (awaitable_mark(a))
            all->items[all->count++] = (struct completion){.all = all, .awaitable = a};
    }
    for (size_t i = 0; i < all->count; i++)
        awaitable_unmark(all->items[i].awaitable);
}

static struct completions *watch_all(const void *tasks, size_t count)
{
    struct completions *all = memory_alloc(sizeof *all + count * sizeof all->items[0]);
    if (!all)
        return NULL;
    *all = (struct completions){.count = 0};
    collect(all, tasks, count);
    for (size_t i = 0; i < all->count; i++) {
        struct completion *item = &all->items[i];
        if (awaitable_is_done(item->awaitable))
            list_add_last(&all->ended, &item->link);
        else
            watch_add(watches_of(item->awaitable), &item->watch, ended);
        item->watch.kind = &by_order;
    }
    return all;
}

static void start(struct eddy_awaitable *a)
{
    waiters_add(&((struct wait_one *)(void *)a)->all->waiters, a);
    owner_of(a)->joins_many = true;
    struct eddy_failure *circle = circle_closed(owner_of(a), NULL);
    if (circle && waiters_remove(a))
        native_complete(a, circle);
}

static void undo(struct eddy_awaitable *a)
{
    (void)a; /* ended tasks remain in the queue */
}

static const struct eddy_awaitable_type wait_one_type = {
    .name = "as_completed", .start = start, .cancel = waiters_cancel, .undo = undo};

void as_completed_close(struct eddy_async_generator *generator)
{
    struct eddy_as_completed *completed = (struct eddy_as_completed *)(void *)generator;
    struct completions *all = completed->watch;
    if (!all)
        return;
    for (size_t i = 0; i < all->count; i++)
        if (watch_is_set(&all->items[i].watch))
            watch_remove(watches_of(all->items[i].awaitable), &all->items[i].watch);
    memory_free(all);
    completed->watch = NULL;
}

bool eddy_as_completed_step(struct eddy_async_generator *generator, void *value)
{
    struct eddy_as_completed *completed = (struct eddy_as_completed *)(void *)generator;
    struct eddy_core *core = &generator->generator.core;
    if (!completed->watch && completed->given < completed->count &&
        !awaitables_are_ours(completed->tasks, completed->count)) {
        core->failure = wrong_loop_failure("one of the tasks and futures");
        return false;
    }
    if (!completed->watch && completed->given < completed->count &&
        !(completed->watch = watch_all(completed->tasks, completed->count))) {
        core->failure = &failure_no_memory;
        return false;
    }
    struct completions *all = completed->watch;
    if (!all || completed->given == all->count) {
        completed->given = completed->count;
        as_completed_close(generator);
        return false;
    }
    if (list_is_empty(&all->ended)) {
        struct wait_one wait = {{{.type = &wait_one_type}, {0}}, {0}, all};
        core->failure = eddy_run_here(&wait.awaitable);
        if (current.task)
            current.task->joins_many = false;
        if (core->failure)
            return false;
    }
    struct completion *item = LIST_FIRST(&all->ended, struct completion, link);
    EDDY_INVARIANT(item && completed->given < all->count);
    list_remove(&all->ended, &item->link);
    completed->given++;
    memcpy(value, &item->awaitable, sizeof item->awaitable);
    return true;
}
