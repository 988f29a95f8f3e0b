/* SPDX-License-Identifier: MIT */
/*
 * gather.c - waiting for several tasks and futures at once: eddy_gather, eddy_wait.
 *
 * Native operations: they have watches on all children, in one block off the stack, and one completion. A gather
 * that is cancelled cancels its children and ends when all of them have; a wait leaves them alone.
 */
#include <string.h>

#include "base/assert.h"
#include "core/cancel.h"
#include "core/circle.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/task.h"
#include "core/wrong_loop.h"
#include "eddy/wait.h"
#include "os/memory.h"

struct gathered {
    struct watch watch;
    struct several *several;
    struct eddy_awaitable *awaitable;
};

enum several_kind { SEVERAL_GATHER, SEVERAL_SETTLED, SEVERAL_FIRST_COMPLETED, SEVERAL_FIRST_FAILED, SEVERAL_ALL };

struct several {
    struct eddy_awaitable *operation; /* the operation, which completes when enough children have ended */
    uint8_t kind;                     /* a value of enum several_kind */
    bool cancelled;                   /* ends with ECANCELED when all children have ended */
    bool linked;                      /* a child waits for other tasks, or is the owner: there may be a circle */
    size_t count, pending;
    struct gathered children[];
};

static struct eddy_failure *failure_of_child(const struct eddy_awaitable *a)
{
    return a->awaitable.failure;
}

static bool was_cancelled(const struct eddy_awaitable *a)
{
    return handle_is_task(a) ? task_of_handle(a)->cancelled : future_of_handle(a)->cancelled;
}

static void look_at(struct eddy_awaitable *a)
{
    if (handle_is_task(a) && !task_of_handle(a)->loop)
        task_unspawned_seen();
    else if (handle_is_task(a))
        task_of_handle(a)->seen = true;
    else
        future_of_handle(a)->seen = true;
}

/* True: the end of this child ends the wait for all. */
static bool ends_it(const struct several *several, const struct eddy_awaitable *a)
{
    if (several->pending == 0)
        return true;
    if (several->cancelled)
        return false;
    switch (several->kind) {
    case SEVERAL_GATHER:
        return failure_of_child(a) != NULL;
    case SEVERAL_FIRST_COMPLETED:
        return true;
    case SEVERAL_FIRST_FAILED:
        return failure_of_child(a) != NULL && !was_cancelled(a);
    default:
        return false;
    }
}

/* The first child, in the order of the arguments, that has failed; its failure is the gather's. */
static struct eddy_failure *first_failure(struct several *several, const struct eddy_awaitable *last)
{
    if (several->kind != SEVERAL_GATHER)
        return NULL;
    if (last && failure_of_child(last))
        return failure_clone(failure_of_child(last));
    for (size_t i = 0; i < several->count; i++) {
        struct eddy_awaitable *a = several->children[i].awaitable;
        if (awaitable_is_done(a) && failure_of_child(a))
            return failure_clone(failure_of_child(a));
    }
    return NULL;
}

static void end_with(struct several *several, struct eddy_failure *failure)
{
    struct eddy_awaitable *operation = several->operation;
    EDDY_INVARIANT(owner_of(operation)->waits_for == operation);
    owner_of(operation)->joins_many = false;
    for (size_t i = 0; i < several->count; i++) {
        struct gathered *child = &several->children[i];
        if (watch_is_set(&child->watch))
            watch_remove(watches_of(child->awaitable), &child->watch);
        if (several->kind <= SEVERAL_SETTLED)
            look_at(child->awaitable); /* errors after the first are not reported, as in Python */
    }
    memory_free(several);
    native_complete(operation, failure);
}

static void end(struct several *several, const struct eddy_awaitable *last)
{
    end_with(several, several->cancelled ? &failure_cancelled : first_failure(several, last));
}

static void child_ended(struct watch *watch)
{
    struct gathered *child = container_of(watch, struct gathered, watch);
    struct several *several = child->several;
    EDDY_INVARIANT(several->pending > 0 && awaitable_is_done(child->awaitable));
    several->pending--;
    if (ends_it(several, child->awaitable))
        end(several, child->awaitable);
}

/* The end of any child ends the wait: so the wait is stuck only if all remaining children are. */
static bool all_are_stuck(const struct several *several)
{
    for (size_t i = 0; i < several->count; i++) {
        struct eddy_awaitable *a = several->children[i].awaitable;
        if (!awaitable_is_done(a) && !(handle_is_task(a) && circle_is_stuck(task_of_handle(a))))
            return false;
    }
    return true;
}

static struct task *waiter(struct watch *watch)
{
    const struct several *several = container_of(watch, struct gathered, watch)->several;
    return several->kind != SEVERAL_FIRST_COMPLETED || all_are_stuck(several) ? owner_of(several->operation) : NULL;
}

static void refuse(struct watch *watch, struct eddy_failure *failure)
{
    end_with(container_of(watch, struct gathered, watch)->several, failure);
}

static const struct wait_kind by_several = {.waiter = waiter, .refuse = refuse};

static bool may_be_in_circle(const struct eddy_awaitable *operation, const struct eddy_awaitable *child)
{
    const struct task *task = handle_is_task(child) ? task_of_handle(child) : NULL;
    return task && (circle_has_link(task) || task == owner_of(operation));
}

static struct several *several_new(struct eddy_awaitable *operation, const void *children, size_t count,
                                   enum several_kind kind)
{
    struct several *several = memory_alloc(sizeof *several + count * sizeof several->children[0]);
    if (!several)
        return NULL;
    *several = (struct several){.operation = operation, .kind = (uint8_t)kind, .count = count};
    for (size_t i = 0; i < count; i++) {
        struct gathered *child = &several->children[i];
        memcpy(&child->awaitable, (const char *)children + i * sizeof child->awaitable, sizeof child->awaitable);
        child->several = several;
        child->watch.link = NULL;
        if (awaitable_is_done(child->awaitable))
            continue;
        watch_add(watches_of(child->awaitable), &child->watch, child_ended);
        child->watch.kind = &by_several;
        several->pending++;
        several->linked |= may_be_in_circle(operation, child->awaitable);
    }
    return several;
}

/* True: children that had ended before the wait began are enough to end it. */
static bool is_enough(struct several *several)
{
    if (several->pending == 0)
        return true;
    for (size_t i = 0; i < several->count; i++) {
        struct eddy_awaitable *a = several->children[i].awaitable;
        if (awaitable_is_done(a) && ends_it(several, a))
            return true;
    }
    return false;
}

static void start(struct eddy_awaitable *a, const void *children, size_t count, enum several_kind kind)
{
    if (!awaitables_are_ours(children, count)) {
        native_complete(a, wrong_loop_failure("one of the tasks and futures"));
        return;
    }
    struct several *several = several_new(a, children, count, kind);
    if (!several) {
        native_complete(a, &failure_no_memory);
        return;
    }
    owner_of(a)->wait.several = several;
    if (is_enough(several)) {
        end(several, NULL);
        return;
    }
    owner_of(a)->joins_many = true;
    struct eddy_failure *circle = several->linked ? circle_closed(owner_of(a), NULL) : NULL;
    if (circle)
        end_with(several, circle);
}

static void hurry(struct eddy_awaitable *a, const char *reason)
{
    if (awaitable_is_done(a))
        return;
    if (handle_is_task(a))
        task_hurry(task_of_handle(a), reason);
    else
        future_cancel(a, reason);
}

static void cancel_gather(struct eddy_awaitable *a)
{
    struct several *several = owner_of(a)->wait.several;
    const char *reason = owner_of(a)->cancel_reason;
    several->cancelled = true;
    several->pending++; /* the wait must not end while this iteration uses it */
    for (size_t i = 0; i < several->count; i++)
        hurry(several->children[i].awaitable, reason);
    if (--several->pending == 0)
        end(several, NULL);
    else
        native_let_ask_again(a); /* a child that catches one request may end by the next */
}

static void undo(struct eddy_awaitable *a)
{
    (void)a; /* the children belong to the caller */
}

/* ---- eddy_gather ---- */

static void start_gather(struct eddy_awaitable *a)
{
    struct eddy_gather *gather = (struct eddy_gather *)(void *)a;
    start(a, gather->children, gather->count, gather->settled ? SEVERAL_SETTLED : SEVERAL_GATHER);
}

/* Tasks that were spawned for the gather; their results are lost. Those that run on after a failure are passed to
 * the task, which joins them at its end. */
static void give_up_owned(struct eddy_awaitable *a)
{
    struct eddy_gather *gather = (struct eddy_gather *)(void *)a;
    for (unsigned i = 0; i < gather->count; i++) {
        struct task *task = task_of_handle(gather->children[i]);
        if (!(gather->owned >> i & 1) || task->loop == NULL)
            continue;
        if (task->state == TASK_DONE) {
            task->consumed = HANDLE_USED;
            task_unref(task);
        } else {
            task_own(task, &owner_of(a)->children);
        }
    }
}

static void run_gather(struct eddy_awaitable *a)
{
    static const struct eddy_awaitable_type inner = {
        .name = "gather", .start = start_gather, .cancel = cancel_gather, .undo = undo};
    struct eddy_gather *gather = (struct eddy_gather *)(void *)a;
    if (!current.task) {
        a->awaitable.failure = failure_of(EDDY_NO_TASK, "await of gather");
        return;
    }
    for (unsigned i = 0; i < gather->count; i++)
        if (gather->owned >> i & 1)
            task_disown(task_of_handle(gather->children[i]));
    /* It has a separate header: that of a spawned gather is its task's handle, and tells the loop how to run it. */
    struct eddy_gather waiting = *gather;
    waiting.awaitable = (struct eddy_awaitable){.awaitable = {.type = &inner}};
    eddy_run_generic(&waiting.awaitable);
    a->awaitable.failure = waiting.awaitable.awaitable.failure;
    if (gather->owned)
        give_up_owned(&waiting.awaitable);
}

struct eddy_awaitable *eddy_gather_child(const void *coroutine, size_t size, const struct eddy_site *site)
{
    void *none = NULL;
    struct eddy_awaitable *child = eddy_spawn_copy(coroutine, size, &none, site, 0);
    struct task *task = task_of_handle(child);
    task_disown(task);
    if (current.task && task->loop) /* set when the gather runs: until then its value may be dropped */
        task_own(task, &current.task->children);
    return child;
}

static void start_array(struct eddy_awaitable *a)
{
    struct eddy_gather_array *gather = (struct eddy_gather_array *)(void *)a;
    start(a, gather->children, gather->count, gather->settled ? SEVERAL_SETTLED : SEVERAL_GATHER);
}

const struct eddy_awaitable_type eddy_gather_type = {.name = "gather", .run = run_gather, .kind = EDDY_COROUTINE};
const struct eddy_awaitable_type eddy_gather_array_type = {
    .name = "gather", .start = start_array, .cancel = cancel_gather, .undo = undo};

/* ---- eddy_wait ---- */

static void start_wait(struct eddy_awaitable *a)
{
    static const enum several_kind kinds[] = {[EDDY_FIRST_COMPLETED] = SEVERAL_FIRST_COMPLETED,
                                              [EDDY_FIRST_FAILED] = SEVERAL_FIRST_FAILED,
                                              [EDDY_ALL_COMPLETED] = SEVERAL_ALL};
    struct eddy_wait *wait = (struct eddy_wait *)(void *)a;
    if (wait->count == 0)
        native_complete(a, failure_of(EINVAL, "eddy_wait needs at least one task"));
    else
        start(a, wait->tasks, wait->count, kinds[wait->mode]);
}

/* Only the wait ends; the children go on. */
static void cancel_wait(struct eddy_awaitable *a)
{
    struct several *several = owner_of(a)->wait.several;
    several->cancelled = true;
    end(several, NULL);
}

static struct eddy_awaitable *waited_for(const struct eddy_wait *wait, size_t i)
{
    struct eddy_awaitable *child;
    memcpy(&child, (char *)wait->tasks + i * sizeof child, sizeof child);
    return child;
}

/* Number of children that are done; a handle that is given twice counts once. */
static void finish_wait(struct eddy_awaitable *a)
{
    struct eddy_wait *wait = (struct eddy_wait *)(void *)a;
    wait->result = 0;
    for (size_t i = 0; i < wait->count; i++)
        wait->result += awaitable_is_done(waited_for(wait, i)) && awaitable_mark(waited_for(wait, i));
    for (size_t i = 0; i < wait->count; i++)
        awaitable_unmark(waited_for(wait, i));
}

const struct eddy_awaitable_type eddy_wait_type = {
    .name = "wait", .start = start_wait, .cancel = cancel_wait, .finish = finish_wait, .undo = undo};
