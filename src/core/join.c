/* SPDX-License-Identifier: MIT */
/*
 * join.c - waiting for the end of a task, or for a future.
 *
 * Invariants: a handle is awaited once; shielded waits do not take it. A task that awaits a task or future passes
 * requests to cancel on to it, and gets its outcome.
 */
#include "core/join.h"

#include "base/assert.h"
#include "core/cancel.h"
#include "core/circle.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/level.h"
#include "core/sched.h"
#include "core/wrong_loop.h"
#include "eddy/macros.h"

/* ---- a task ---- */

static struct task *joiner(struct watch *watch)
{
    return container_of(watch, struct task, wait.watch);
}

void join_wake(struct watch *watch)
{
    task_wake(joiner(watch));
}

static void refuse_joiner(struct watch *watch, struct eddy_failure *failure)
{
    struct task *self = joiner(watch);
    watch_remove(&self->joins->watches, watch);
    self->circular = true;
    self->wait.refusal = failure;
    task_wake(self);
}

static const struct wait_kind by_await = {.waiter = joiner, .refuse = refuse_joiner}, by_frame = {.waiter = joiner};

static void link_to(struct task *self, struct task *task, const struct wait_kind *kind)
{
    task->references++;
    watch_add(&task->watches, &self->wait.watch, join_wake);
    self->wait.watch.kind = kind;
    self->joins = task;
}

static void unlink_from(struct task *self, struct task *task)
{
    self->joins = NULL;
    task_unref(task);
}

void task_wait_end(struct task *self, struct task *task)
{
    self->forwarded = self->circular = false;
    if (task->state == TASK_DONE)
        return;
    link_to(self, task, &by_frame);
    while (task->state != TASK_DONE && !self->circular)
        task_park(self);
    unlink_from(self, task);
}

/* True: the task has ended by it. */
static __attribute__((noinline)) bool forward_request(struct task *self, struct task *task)
{
    self->must_cancel = false;
    self->forwarded = true;
    task_hurry(task, self->cancel_reason);
    return task->state == TASK_DONE || self->circular;
}

/* The wait of an await: requests are passed on to the task, until it has ended or the await was refused. */
static inline __attribute__((always_inline)) void await_end(struct task *self, struct task *task)
{
    link_to(self, task, &by_await);
    self->passes_on = true;
    if (!self->must_cancel || !forward_request(self, task))
        do
            sched_park(self);
        while (task->state != TASK_DONE && !self->circular);
    self->passes_on = false;
    self->joins = NULL;
    task->references--; /* not the last one: the handle has one, too */
}

/* A request was passed to the task, which ended in another way. If it was delivered, that end is the answer;
 * otherwise the request was too late for it and belongs to its awaiter again. */
static void take_back(struct task *self, const struct task *task)
{
    self->forwarded = false;
    if (task->undelivered || level_reaches(self))
        self->must_cancel = true;
    else
        task_note_delivery(self);
}

/* The failure that a task has, for the task that awaited it: moved out if no one else can ask for it. */
static inline struct eddy_failure *failure_out_of(struct task *task)
{
    struct eddy_failure *failure = task_core(task)->failure;
    if (task->references != 1)
        return failure_clone(failure);
    task_core(task)->failure = NULL;
    return failure;
}

static struct eddy_failure *outcome(struct task *self, struct task *task)
{
    const struct eddy_failure *failure = task_core(task)->failure;
    task->seen = true;
    if (self->forwarded && failure && failure_is_cancellation(failure))
        return task_deliver_cancel(self);
    if (self->forwarded)
        take_back(self, task);
    return failure ? failure_out_of(task) : NULL;
}

/* The task would wait for itself. A handle in a frame's list remains there, and a handle that another task awaits
 * belongs to that task; any other handle is given up, and the task frees itself when it has ended. */
static struct eddy_failure *refuse(struct task *self, struct task *task, bool awaited_by_another,
                                   struct eddy_failure *failure)
{
    self->circular = true; /* until eddy_release_handle */
    if (!awaited_by_another) {
        task->consumed = task->sibling_link ? HANDLE_UNUSED : HANDLE_USED;
        if (task->consumed)
            task_unref(task);
    }
    return failure;
}

/* False: why_not knows more. */
static inline bool may_await(const struct task *self, const struct task *task)
{
    return __builtin_expect(self && task->loop == self->loop && task != self, 1);
}

static __attribute__((noinline, cold)) struct eddy_failure *why_not(struct task *self, struct task *task)
{
    if (task_is_no_memory(task)) {
        task_unspawned_seen();
        return &failure_no_memory;
    }
    if (!self)
        return failure_of(EDDY_NO_TASK, "await of task \"%s\"", task_name(task));
    if (task == self)
        return failure_of(EDDY_WAITS_FOR_ITSELF, "task \"%s\"", task_name(task));
    return task->state == TASK_DONE ? NULL : wrong_loop_failure("the task");
}

static __attribute__((noinline)) struct eddy_failure *join_task(struct task *self, struct task *task,
                                                                 const struct eddy_site *site)
{
    struct eddy_failure *misuse = may_await(self, task) ? NULL : why_not(self, task);
    if (misuse)
        return misuse;
    struct eddy_failure *circle = circle_has_link(task) ? circle_closed(self, task) : NULL;
    if (circle)
        return refuse(self, task, task->consumed, circle);
    task_check_unused(task, site);
    task_use(task, site);
    self->forwarded = self->circular = false;
    if (__builtin_expect(task->state != TASK_DONE, 1))
        await_end(self, task);
    else if (self->at_once++ >= TASK_AWAITS_AT_ONCE)
        task_give_way(self);
    if (self->circular)
        return refuse(self, task, false, self->wait.refusal);
    task_disown(task);
    task->has_result = false; /* the awaiter copies it */
    uintptr_t more = (uintptr_t)task_core(task)->failure | self->forwarded;
    return __builtin_expect(more != 0, 0) ? outcome(self, task) : NULL;
}

/* Waits until it has ended. Returns NULL. */
static struct eddy_failure *wait_shielded(struct task *self, struct task *task)
{
    struct eddy_failure *failure = circle_closed(self, task);
    if (failure)
        return failure;
    self->circular = false;
    link_to(self, task, &by_await);
    self->interruptible = true;
    while (task->state != TASK_DONE && !self->circular && !self->must_cancel)
        task_park(self);
    self->interruptible = false;
    if (self->circular)
        failure = self->wait.refusal;
    else
        watch_remove(&task->watches, &self->wait.watch);
    unlink_from(self, task);
    self->circular = false; /* there is no eddy_release_handle */
    return failure ? failure : task_take_cancel(self); /* a request wins: the result stays with the task */
}

/* Waits without taking the handle; a cancellation ends the wait and does not affect the task. */
static struct eddy_failure *shielded_wait(struct task *self, struct task *task)
{
    struct eddy_failure *failure = task_must_look(self) ? task_checkpoint(self, false) : NULL;
    self->forwarded = false;
    self->at_once++;
    if (failure)
        return failure;
    if (task->state != TASK_DONE && (failure = wait_shielded(self, task)))
        return failure;
    task->seen = true;
    task->has_result = false;
    return task_core(task)->failure ? failure_clone(task_core(task)->failure) : NULL;
}

/* ---- a future ---- */

static void wait_until_set(struct task *self, struct eddy_awaitable *a, bool forward)
{
    struct future *future = future_of_handle(a);
    if (forward && self->must_cancel) { /* before the watch: a task that goes on at once must not be woken as well */
        self->must_cancel = false;
        self->forwarded = true;
        future_cancel(a, self->cancel_reason);
        return;
    }
    future->waiting++;
    watch_add(&future->watches, &self->wait.watch, join_wake);
    self->waits_for = forward ? a : NULL;
    self->interruptible = !forward;
    while (a->awaitable.state == EDDY_RUNNING && (forward || !self->must_cancel))
        task_park(self);
    self->waits_for = NULL;
    self->interruptible = false;
    watch_remove(&future->watches, &self->wait.watch);
    future->waiting--;
}

static struct eddy_failure *join_future(struct eddy_awaitable *a, bool forward)
{
    struct task *self = current.task;
    struct eddy_failure *failure = self && task_must_look(self) ? task_checkpoint(self, false) : NULL;
    bool parked = a->awaitable.state == EDDY_RUNNING;
    if (failure)
        return failure;
    if (parked && !self)
        return failure_of(EDDY_NO_TASK, "await of a future");
    if (parked && !future_is_ours(a))
        return wrong_loop_failure("the future");
    if (!parked && self)
        self->at_once++;
    if (parked) {
        future_of_handle(a)->loop = self->loop->name;
        self->forwarded = false;
        wait_until_set(self, a, forward);
        if (self->must_cancel) /* arrived after it was set, or the wait was shielded */
            return task_take_cancel(self);
    }
    failure = a->awaitable.failure;
    future_of_handle(a)->seen = true;
    if (failure && parked && self->forwarded && failure_is_cancellation(failure))
        return task_deliver_cancel(self);
    return failure ? failure_clone(failure) : NULL;
}

/* ---- tasks and futures ---- */

/* It has ended, and the await only takes its handle. */
static inline bool can_take(const struct task *self, const struct task *task)
{
    return task->state == TASK_DONE && self && task->loop && !task->consumed &&
           !(self->at_once & -TASK_AWAITS_AT_ONCE);
}

static inline struct eddy_failure *take(struct task *self, struct task *task, const struct eddy_site *site)
{
    self->at_once++;
    task_disown(task);
    task_use(task, site);
    task->seen = true;
    task->has_result = false;
    return __builtin_expect(task_core(task)->failure != NULL, 0) ? failure_out_of(task) : NULL;
}

static __attribute__((noinline)) struct eddy_failure *join_other(struct eddy_awaitable *a)
{
    if (a->awaitable.flags & ED_FLAG_FUTURE)
        return join_future(a, true);
    if (a->awaitable.state == EDDY_FINISHED)
        return failure_of(EDDY_REUSED, "%s", a->awaitable.type->name);
    if (a->awaitable.state != EDDY_CREATED)
        return failure_of(EDDY_AWAITED_ALREADY, "%s", a->awaitable.type->name);
    a->awaitable.state = EDDY_RUNNING;
    struct eddy_failure *failure = eddy_run_here(a);
    a->awaitable.state = EDDY_FINISHED;
    a->awaitable.failure = NULL;
    return failure;
}

struct eddy_failure *eddy_join(struct eddy_awaitable *a)
{
    return eddy_join_at(a, NULL);
}

struct eddy_failure *eddy_join_at(struct eddy_awaitable *a, const struct eddy_site *site)
{
    if (!handle_is_task(a))
        return join_other(a);
    if (!can_take(current.task, task_of_handle(a)))
        return join_task(current.task, task_of_handle(a), site);
    return take(current.task, task_of_handle(a), site);
}

void eddy_release_handle(struct eddy_awaitable *a)
{
    if (!handle_is_task(a))
        return;
    if (current.task && current.task->circular)
        current.task->circular = false; /* the await was refused, see above */
    else if (task_of_handle(a)->consumed && task_of_handle(a) != current.task)
        task_unref_counted(task_of_handle(a)); /* but a task that wrongly awaited itself gives nothing up */
}

struct eddy_failure *eddy_join_shielded(struct eddy_awaitable *a)
{
    return eddy_join_shielded_at(a, NULL);
}

struct eddy_failure *eddy_join_shielded_at(struct eddy_awaitable *a, const struct eddy_site *site)
{
    struct task *self = current.task;
    if (a->awaitable.flags & ED_FLAG_FUTURE)
        return join_future(a, false);
    if (!handle_is_task(a) || task_is_no_memory(task_of_handle(a)) || !self)
        return eddy_join_at(a, site);
    struct task *task = task_of_handle(a);
    if (task == self)
        return failure_of(EDDY_WAITS_FOR_ITSELF, "task \"%s\"", task_name(task));
    if (!awaitable_is_ours(a))
        return wrong_loop_failure("the task");
    struct eddy_failure *circle = task->consumed ? circle_closed(self, task) : NULL;
    if (circle)
        return circle;
    task_check_unused(task, site);
    return shielded_wait(self, task);
}
