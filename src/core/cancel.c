/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - requests to cancel a task: making them, passing them on to the object that the task waits for,
 * delivering, withdrawing and deferring them.
 *
 * Invariant: a request is either delivered exactly once or withdrawn by its maker, and passing it on along tasks
 * that await each other takes no recursion.
 */
#include "core/cancel.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/level.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/sched.h"
#include "core/task.h"
#include "os/memory.h"

static void keep_reason(struct task *task, const char *reason)
{
    memory_free(task->cancel_reason);
    task->cancel_reason = reason ? memory_copy_string(reason) : NULL;
}

void task_note_delivery(struct task *self)
{
    self->must_cancel = false;
    if (self->releasing) /* it was the operation's own request: those of others wait */
        return;
    self->must_cancel = level_reaches(self); /* in a cancelled scope of trio's kind the next await fails, too */
    self->undelivered = 0;
    self->deliveries++;
}

struct eddy_failure *task_deliver_cancel(struct task *self)
{
    task_note_delivery(self);
    return self->cancel_reason ? failure_of_cancel(self->cancel_reason, true) : &failure_own_cancelled;
}

struct eddy_failure *task_take_cancel(struct task *self)
{
    if (!self->must_cancel)
        return NULL;
    return task_deliver_cancel(self);
}

struct eddy_failure *task_checkpoint(struct task *self, bool first)
{
    bool many = self->at_once >= TASK_AWAITS_AT_ONCE;
    if (many)
        task_give_way(self);
    if (!self->must_cancel || !(many || first))
        return NULL;
    self->at_once++; /* in a cancelled scope each await fails at once, and the task may go on without an end */
    return task_deliver_cancel(self);
}

/* Passes the request to the operation that the task waits for; false: the operation is over, or cannot be cancelled. */
static bool forward_to_operation(struct task *task)
{
    struct eddy_awaitable *a = task->waits_for;
    if (!a || a->awaitable.state != EDDY_RUNNING)
        return false;
    if (a->awaitable.flags & ED_FLAG_FUTURE) {
        task->forwarded = true;
        return future_cancel(a, task->cancel_reason);
    }
    if (!a->awaitable.type->cancel)
        return false;
    task->forwarded = true;
    native_ask_to_end(a);
    return true;
}

void task_interrupt(struct task *task)
{
    struct eddy_awaitable *a = task->waits_for;
    if (a && a->awaitable.state == EDDY_RUNNING && a->awaitable.type->cancel)
        native_ask_to_end(a);
}

static void note_request(struct task *task, const char *reason, bool inner)
{
    if (task->cancels < UINT32_MAX)
        task->cancels++;
    if (inner)
        return;
    if (task->undelivered < UINT32_MAX)
        task->undelivered++;
    if (reason || task->cancel_reason)
        keep_reason(task, reason);
}

/* Passes the request along tasks that await each other, however many, to the object that the last one waits for. */
static void pass_on(struct task *task, bool inner)
{
    while (!(task->releasing && !inner) && task->passes_on && task->joins->state != TASK_DONE) {
        task->forwarded = true;
        if (task->joins->asked || level_is_ending(task->joins))
            return;
        note_request(task->joins, task->cancel_reason, false);
        task = task->joins;
        inner = false;
    }
    if (task->releasing && !inner) { /* the task must wait */
        if (task->interruptible)
            task_interrupt(task);
        return;
    }
    if (!forward_to_operation(task)) {
        task->must_cancel = true;
        if (task->interruptible)
            task_wake(task);
    }
}

/* A request that is made by the `cancel` of an operation (as a gather does) is passed on after that `cancel` has
 * returned, before earlier requests. The order is that of recursion, without its depth. */
static void put_off(struct eddy_loop *loop, struct task *task)
{
    if (task->to_ask)
        return;
    task->to_ask = true;
    task->next_asked = *loop->ask_next;
    *loop->ask_next = task;
    loop->ask_next = &task->next_asked;
}

/* The requests that were put off meanwhile. */
static __attribute__((noinline)) void pass_on_others(struct eddy_loop *loop)
{
    for (struct task *task; (task = loop->to_ask);) {
        loop->to_ask = task->next_asked;
        task->to_ask = false;
        loop->ask_next = &loop->to_ask;
        pass_on(task, false);
    }
}

static void ask(struct task *task, const char *reason, bool inner)
{
    struct eddy_loop *loop = task->loop;
    note_request(task, reason, inner);
    if (loop->ask_next) {
        put_off(loop, task);
        return;
    }
    loop->ask_next = &loop->to_ask;
    pass_on(task, inner);
    if (loop->to_ask)
        pass_on_others(loop);
    loop->ask_next = NULL;
}

/* The usual request: it is the first one, and the operation that the task waits for takes it at once. */
static inline bool ask_operation(struct task *task, const char *reason)
{
    struct eddy_loop *loop = task->loop;
    struct eddy_awaitable *a = task->waits_for;
    if (!a || loop->ask_next || reason || task->cancel_reason || task->cancels || task->releasing)
        return false;
    struct eddy_core *core = &a->awaitable;
    if (core->state != EDDY_RUNNING || core->flags & (ED_FLAG_FUTURE | ED_FLAG_CANCELLING) || !core->type->cancel)
        return false;
    task->cancels = task->undelivered = 1;
    task->forwarded = true;
    core->flags |= ED_FLAG_CANCELLING; /* as native_ask_to_end does */
    loop->ask_next = &loop->to_ask;
    core->type->cancel(a);
    if (loop->to_ask)
        pass_on_others(loop);
    loop->ask_next = NULL;
    return true;
}

bool task_cancel(struct task *task, const char *reason)
{
    if (task->state == TASK_DONE) {
        task->seen = true; /* code that cancels a task is no longer interested in how it ended */
        return false;
    }
    if (!task->asked && !ask_operation(task, reason))
        ask(task, reason, false);
    return true;
}

struct request task_ask(struct task *task, const char *reason, bool inner)
{
    uint32_t now = task->deliveries;
    ask(task, reason, inner);
    return (struct request){now, inner};
}

unsigned task_withdraw(struct task *task, struct request request)
{
    if (task->cancels > 0)
        task->cancels--;
    if (task->cancels == 0)
        task->undelivered = 0;
    else if (!request.inner && request.deliveries == task->deliveries && task->undelivered > 0)
        task->undelivered--;
    if (request.inner || (task->undelivered == 0 && !level_reaches(task)))
        task->must_cancel = false;
    return task->cancels;
}

/* ---- releasing ---- */

bool task_is_asked(const struct task *task)
{
    return task->undelivered > 0 || level_reaches(task);
}

struct release release_begin(void)
{
    struct task *self = current.task;
    if (self->releasing++ == 0)
        self->must_cancel = false;
    struct release release = {self, self->caught};
    self->caught = NULL;
    return release;
}

void release_end(struct release *release)
{
    struct task *self = release->task;
    failure_unref(self->caught);
    self->caught = release->caught;
    if (--self->releasing == 0)
        self->must_cancel = task_is_asked(self);
}

void task_cancel_marked(struct task *task, const char *reason)
{
    if (task->state != TASK_DONE)
        ask(task, reason, false);
}

void task_hurry(struct task *task, const char *reason)
{
    if (task->state == TASK_DONE || !level_is_ending(task)) /* it may be shielded: its clean-up has its time */
        task_cancel(task, reason);
}

void task_hurry_marked(struct task *task, const char *reason)
{
    if (!level_is_ending(task))
        task_cancel_marked(task, reason);
}
