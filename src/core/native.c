/* SPDX-License-Identifier: MIT */
/*
 * native.c - native awaitables: starting them, waiting for them on a task with a stack, completing them.
 *
 * Invariants: 1. An operation that was started is waited for until it has completed, even if the task is cancelled
 * meanwhile, since until then others use its memory. 2. A request to cancel is delivered even to a task whose awaits
 * always succeed: an operation that may not take it (I/O, a thread) is not started at all, and others that complete
 * at once are counted. 3. An object that an operation hands over is not lost: it wins over a request, which waits
 * for the next await.
 */
#include "core/native.h"

#include <stdarg.h>

#include "base/assert.h"
#include "core/cancel.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/pass_on.h"
#include "core/sched.h"

/* Programs contain objects of this type, their own and copies of the library's: new members take space of
 * `reserved`. */
_Static_assert(sizeof(struct eddy_awaitable_type) == 96, "programs that are already built know types of this size");

/* EDDY_SUSPENDED means: done after one pass of the loop (sleep(0)). */

/* ---- before it starts ---- */

/* None of these is started while a request is pending: I/O may complete before it could be cancelled, a thread would
 * work in vain, and an operation without a `cancel` cannot be cancelled at all. */
static bool takes_request_first(const struct eddy_awaitable_type *type)
{
    return type->kind == EDDY_IO || type->kind == EDDY_BLOCKING || !type->cancel;
}

/* False: the request was delivered in its place. */
static bool may_start(struct task *self, struct eddy_awaitable *a)
{
    struct eddy_failure *failure = task_checkpoint(self, takes_request_first(a->awaitable.type));
    if (!failure)
        return true;
    a->awaitable.failure = failure;
    a->awaitable.state = EDDY_FINISHED;
    return false;
}

/* ---- from its start to its completion ---- */

/* Passes on a request that was pending when the operation began, or began to wait again. */
static void pass_request(struct task *task, struct eddy_awaitable *a)
{
    struct eddy_core *core = &a->awaitable;
    if (!task->must_cancel || core->state != EDDY_RUNNING || !core->type->cancel)
        return;
    task->must_cancel = false;
    task->forwarded = true;
    native_ask_to_end(a);
}

/* Inline, since each await calls it. */
static inline __attribute__((always_inline)) void begin(struct task *task, struct eddy_awaitable *a)
{
    struct eddy_core *core = &a->awaitable;
    core->owner = task;
    core->failure = NULL;
    core->state = EDDY_RUNNING;
    core->flags &= (uint8_t)~ED_FLAG_CANCELLING;
    task->waits_for = a;
    task->forwarded = false;
    core->type->start(a);
    pass_request(task, a);
}

void native_begin(struct task *task, struct eddy_awaitable *a)
{
    begin(task, a);
}

/* In a `blocking` function, `undo` is for a result that no task waits for any more: see blocking.c. */
static bool can_be_undone(const struct eddy_awaitable_type *type)
{
    return type->undo && type->kind != EDDY_BLOCKING;
}

/* The object for which it had completed may be gone by now: then it fails, and has no result that would win over a
 * request. */
static void finish(struct task *task, struct eddy_awaitable *a)
{
    struct eddy_core *core = &a->awaitable;
    core->type->finish(a);
    if (!core->failure || !task->must_cancel)
        return;
    failure_unref(core->failure);
    core->failure = task_deliver_cancel(task);
}

void native_settle(struct task *task, struct eddy_awaitable *a)
{
    struct eddy_core *core = &a->awaitable;
    bool asked = task->must_cancel || task->forwarded;
    task->waits_for = NULL;
    if (asked && core->failure && failure_is_cancellation(core->failure)) {
        failure_unref(core->failure);
        core->failure = task_deliver_cancel(task);
    } else if (asked && !core->failure && can_be_undone(core->type)) {
        core->type->undo(a);
        core->failure = task_deliver_cancel(task);
    } else if (asked) {
        task->must_cancel = true; /* the request is not lost: the next await takes it */
    }
    task->forwarded = false;
    if (!core->failure && core->type->finish)
        finish(task, a);
    if (__builtin_expect(core->state == EDDY_RUNNING, 0)) { /* native_again */
        core->flags &= (uint8_t)~ED_FLAG_CANCELLING;
        pass_request(task, a);
    }
}

/* The same for a task without a request, which is in line. */
static inline void settle(struct task *self, struct eddy_awaitable *a)
{
    if (__builtin_expect(self->must_cancel || self->forwarded, 0)) {
        native_settle(self, a);
        return;
    }
    self->waits_for = NULL;
    if (!a->awaitable.failure && a->awaitable.type->finish)
        a->awaitable.type->finish(a);
}

void native_wait(struct task *self, struct eddy_awaitable *a)
{
    do {
        while (a->awaitable.state != EDDY_FINISHED) {
            bool one_turn = a->awaitable.state == EDDY_SUSPENDED;
            sched_park(self);
            if (one_turn)
                a->awaitable.state = EDDY_FINISHED;
        }
        settle(self, a);
    } while (self->waits_for); /* native_again: it goes on waiting, or has ended again by a request that was pending */
}

void eddy_run_generic(struct eddy_awaitable *a)
{
    struct task *self = current.task;
    if (!self) {
        a->awaitable.failure = failure_of(EDDY_NO_TASK, "await of %s", a->awaitable.type->name);
        return;
    }
    if (task_must_look(self) && !may_start(self, a))
        return;
    begin(self, a);
    self->at_once += a->awaitable.state == EDDY_FINISHED;
    /* It did not suspend: a request waits for an await that does. */
    if (a->awaitable.state == EDDY_FINISHED && !self->forwarded) {
        self->waits_for = NULL;
        if (!a->awaitable.failure && a->awaitable.type->finish)
            a->awaitable.type->finish(a);
        if (a->awaitable.state == EDDY_FINISHED)
            return;
    }
    native_wait(self, a);
}

void native_again(struct eddy_awaitable *a)
{
    a->awaitable.state = EDDY_RUNNING;
    owner_of(a)->waits_for = a;
}

void native_complete(struct eddy_awaitable *a, struct eddy_failure *failure)
{
    struct task *task = owner_of(a);
    EDDY_ASSERT(task && a->awaitable.state == EDDY_RUNNING,
                "an awaitable of type \"%s\" was completed twice, or before it was started",
                a->awaitable.type->name);
    if (__builtin_expect(task->loop != current.loop, 0)) {
        pass_on_completion(a, failure, native_complete);
        return;
    }
    native_end(task, a, failure);
}

static bool may_complete(const struct eddy_awaitable *a)
{
    if (a->awaitable.state == EDDY_RUNNING && owner_of(a))
        return true;
    report_completed_twice(a, NULL);
    return false;
}

bool(eddy_complete)(void *a)
{
    if (!may_complete(a))
        return false;
    native_complete(a, NULL);
    return true;
}

bool(eddy_complete_error)(void *a, int code, const char *format, ...)
{
    if (!may_complete(a))
        return false;
    va_list arguments;
    va_start(arguments, format);
    native_complete(a, failure_make(code ? code : EINVAL, format, arguments));
    va_end(arguments);
    return true;
}

static void complete_here(void *a)
{
    (eddy_complete)(a);
}

int(eddy_complete_threadsafe)(void *a)
{
    const struct task *task = owner_of(a);
    if (!task)
        return EDDY_INVALID_STATE;
    return (eddy_call_soon_threadsafe)(task->loop->name, complete_here, a);
}
