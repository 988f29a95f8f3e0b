/* SPDX-License-Identifier: MIT */
/*
 * condition.c - waiting, under a lock, for something to change.
 *
 * A wait is two waits, one after the other: for the notification, then for the lock.  The second cannot be cut short: a
 * cancellation that arrives meanwhile stays pending, and is raised once the lock is held again. Invariant: a
 * notification is never lost: a task that was notified and is cancelled before its wait has ended passes it on to the
 * next waiter.  (Moving a notified task straight to the lock's queue would save a wake, but would let it overtake a
 * task that asks for the lock before it has run.)
 */
#define EDDY_LIBRARY
#include "base/assert.h"
#include "core/impl.h"
#include "eddy/macros.h"

/* Either part of a wait. */
struct part {
    struct eddy_awaitable awaitable;
    eddy_void result;
    eddy_condition *condition;
};

static eddy_condition *condition_of(struct eddy_awaitable *a)
{
    return ((struct part *)(void *)a)->condition;
}

/* ---- the notification ---- */

/* The task enters the wait queue before it releases the lock, or it could miss a notification. */
static void start_notice(struct eddy_awaitable *a)
{
    eddy_condition *condition = condition_of(a);
    waiters_wait(&condition->waiters, a);
    eddy_lock_release(condition->lock);
}

static void pass_on(eddy_condition *condition)
{
    waiters_wake_first(&condition->waiters);
}

static void undo_notice(struct eddy_awaitable *a)
{
    pass_on(condition_of(a));
}

static const struct eddy_awaitable_type notice_type = {.name = "eddy_condition_wait",
                                                       .start = start_notice,
                                                       .cancel = waiters_cancel,
                                                       .undo = undo_notice};

/* ---- the lock again ---- */

static void start_relock(struct eddy_awaitable *a)
{
    eddy_lock *lock = condition_of(a)->lock;
    if (lock->held) {
        waiters_add(&lock->waiters, a);
        return;
    }
    lock->held = true;
    native_complete(a, NULL);
}

/* No cancel and no undo: the request waits in the task. */
static const struct eddy_awaitable_type relock_type = {.name = "eddy_condition_wait",
                                                       .start = start_relock};

/* ---- both waits ---- */

static void run(struct eddy_awaitable *a)
{
    eddy_condition *condition = ((struct eddy_condition_wait *)(void *)a)->condition;
    struct part notice = {ED_HEADER(notice_type), .condition = condition};
    struct part relock = {ED_HEADER(relock_type), .condition = condition};
    if (!current.task) {
        a->awaitable.failure = failure_of(EDDY_NO_TASK, "eddy_condition_wait");
        return;
    }
    EDDY_ASSERT(condition->lock->held,
                "eddy_condition_wait needs the condition's lock to be held: eddy_lock_acquire first");
    struct eddy_failure *failure = eddy_run_here(&notice.awaitable);
    struct release releasing = release_begin();
    eddy_run_here(&relock.awaitable);
    release_end(&releasing);
    struct eddy_failure *later = task_take_cancel(current.task);
    if (later) {
        if (!failure)
            pass_on(condition);
        failure_unref(failure);
        failure = later;
    }
    a->awaitable.failure = failure;
}

static const struct eddy_awaitable_type type = {.name = "eddy_condition_wait", .run = run};

struct eddy_condition_wait eddy_condition_wait(eddy_condition *condition)
{
    return (struct eddy_condition_wait){ED_HEADER(type), .condition = condition};
}

void eddy_condition_notify(eddy_condition *condition, size_t n)
{
    EDDY_ASSERT(condition->lock->held,
                "eddy_condition_notify needs the condition's lock to be held: eddy_lock_acquire first");
    while (n > 0 && waiters_wake_first(&condition->waiters))
        n--;
}

void eddy_condition_notify_all(eddy_condition *condition)
{
    eddy_condition_notify(condition, SIZE_MAX);
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_lock *lock = ((struct eddy_condition_hold *)(void *)manager)->value->lock;
    eddy_await(eddy_lock_acquire(lock), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    (void)err;
    eddy_lock_release(((struct eddy_condition_hold *)(void *)manager)->value->lock);
}

struct eddy_condition_hold eddy_condition_hold(eddy_condition *condition)
{
    return (struct eddy_condition_hold){.manager = {.enter = enter, .exit = leave}, .value = condition};
}
