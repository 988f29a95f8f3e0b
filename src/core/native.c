/* SPDX-License-Identifier: MIT */
/*
 * native.c - native awaitables: started, waited for, ended; driven by a task with a stack or by one without.
 *
 * Invariant: an operation that was started is waited for until it has completed, whatever is asked of the task
 * meanwhile, for until then its memory is not its owner's alone.
 */
#include <stdarg.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/task.h"

/* EDDY_SUSPENDED is: done after one turn of the loop (sleep(0)). */

static void begin(struct task *task, struct eddy_awaitable *a)
{
    struct eddy_core *core = &a->awaitable;
    core->owner = task;
    core->failure = NULL;
    core->state = EDDY_RUNNING;
    core->flags &= (uint8_t)~ED_FLAG_CANCELLING;
    task->waits_for = a;
    task->forwarded = false;
    core->type->start(a);
    if (task->must_cancel && core->state == EDDY_RUNNING && core->type->cancel) {
        task->must_cancel = false;
        task->forwarded = true;
        core->flags |= ED_FLAG_CANCELLING;
        core->type->cancel(a);
    }
}

/* What the awaiter gets, when the operation is over: its result, its failure, or the cancellation of the task. */
static void settle(struct task *task, struct eddy_awaitable *a)
{
    struct eddy_core *core = &a->awaitable;
    bool asked = task->must_cancel || task->forwarded;
    task->waits_for = NULL;
    if (asked && core->failure && failure_is_cancellation(core->failure)) {
        failure_unref(core->failure);
        core->failure = task_deliver_cancel(task);
    } else if (asked && !core->failure && core->type->undo) {
        core->type->undo(a);
        core->failure = task_deliver_cancel(task);
    } else if (asked) {
        task->must_cancel = true; /* the request is not lost: the next await takes it */
    }
    task->forwarded = false;
    if (!core->failure && core->type->finish)
        core->type->finish(a);
}

void eddy_run_generic(struct eddy_awaitable *a)
{
    struct task *self = current.task;
    if (!self) {
        a->awaitable.failure = failure_of(EDDY_NO_TASK, "await of %s", a->awaitable.type->name);
        return;
    }
    begin(self, a);
    /* It did not suspend: a request waits for an await that does. */
    if (a->awaitable.state == EDDY_FINISHED && !self->forwarded) {
        self->waits_for = NULL;
        if (!a->awaitable.failure && a->awaitable.type->finish)
            a->awaitable.type->finish(a);
        if (a->awaitable.state == EDDY_FINISHED)
            return;
    }
    do {
        while (a->awaitable.state != EDDY_FINISHED) {
            bool one_turn = a->awaitable.state == EDDY_SUSPENDED;
            task_park(self);
            if (one_turn)
                a->awaitable.state = EDDY_FINISHED;
        }
        settle(self, a);
    } while (a->awaitable.state != EDDY_FINISHED); /* native_again */
}

void task_step_native(struct task *task)
{
    struct eddy_awaitable *a = task_handle(task);
    if (task->state == TASK_NEW && !task->must_cancel) {
        task->state = TASK_STARTED;
        task->ready.parked_at = task->loop->looked_at;
        begin(task, a); /* if it is over already, the task is in the ready queue */
        return;
    }
    if (task->state == TASK_NEW) { /* cancelled before its first step: it is not even started */
        a->awaitable.failure = task_take_cancel(task);
        value_destroy(a);
    } else if (a->awaitable.state == EDDY_RUNNING) {
        return;
    } else {
        settle(task, a);
    }
    if (a->awaitable.state == EDDY_RUNNING) /* native_again */
        return;
    task_finish(task);
    task_unref(task);
}

void native_again(struct eddy_awaitable *a)
{
    a->awaitable.state = EDDY_RUNNING;
    owner_of(a)->waits_for = a;
}

void native_interrupt(struct task *task)
{
    struct eddy_awaitable *a = task->waits_for;
    if (!a || a->awaitable.state != EDDY_RUNNING || !a->awaitable.type->cancel ||
        (a->awaitable.flags & ED_FLAG_CANCELLING))
        return;
    a->awaitable.flags |= ED_FLAG_CANCELLING;
    a->awaitable.type->cancel(a);
}

void native_complete(struct eddy_awaitable *a, struct eddy_failure *failure)
{
    struct task *task = owner_of(a);
    EDDY_ASSERT(task && a->awaitable.state == EDDY_RUNNING,
                "an awaitable of type \"%s\" was completed twice, or before it was started",
                a->awaitable.type->name);
    a->awaitable.failure = failure;
    a->awaitable.state = EDDY_FINISHED;
    if (task != current.task && task->state == TASK_STARTED)
        task_wake(task);
}

static bool may_complete(const struct eddy_awaitable *a)
{
    if (a->awaitable.state == EDDY_RUNNING && owner_of(a))
        return true;
    report_misuse("an awaitable of type \"%s\" was completed twice, or before it was started", a->awaitable.type->name);
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
