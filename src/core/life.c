/* SPDX-License-Identifier: MIT */
/*
 * life.c - the life of a task: making it, beginning it on a stack or driving it without one, ending it.
 *
 * Invariant: the next task is made ready before the current stack, which is still in use, is given back
 * (task_leave).
 */
#include "core/life.h"

#include <string.h>

#include "base/assert.h"
#include "core/block.h"
#include "core/cancel.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/frame_end.h"
#include "core/level.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/sched.h"
#include "core/unclaimed.h"
#include "eddy/macros.h"
#include "os/stack_pool.h"

/* ---- its end ---- */

static inline void delist(struct task *task)
{
    struct eddy_loop *loop = task->loop;
    if (task->previous)
        task->previous->next = task->next;
    else
        loop->tasks = task->next;
    if (task->next)
        task->next->previous = task->previous;
    loop->task_count--;
    task->in_loop = false;
}

static __attribute__((noinline)) void note_failure(struct task *task)
{
    struct eddy_core *core = task_core(task);
    task->obeyed = core->failure->own;
    core->failure = failure_passed_on(core->failure, false);
    task->cancelled = failure_is_cancellation(core->failure);
}

static inline __attribute__((always_inline)) void end(struct task *task)
{
    struct eddy_core *core = task_core(task);
    EDDY_ASSERT(!task->ready.queued, "task \"%s\" ends, and would be resumed afterwards", task_name(task));
    EDDY_ASSERT(!task->interruptible && !task->releasing, "task \"%s\" ends within a wait", task_name(task));
    if (__builtin_expect(core->failure != NULL, 0))
        note_failure(task);
    else
        task->has_result = true;
    task->state = TASK_DONE;
    core->state = EDDY_FINISHED;
    if (task->level)
        level_forget(task);
    delist(task);
    if (task->watches.first)
        watches_fire(&task->watches);
    if (task->references == 1) /* the loop's reference: the one who might have taken it has given up */
        task_give_up_result(task);
}

static void finish(struct task *task)
{
    end(task);
}

/* ---- on a stack ---- */

static const char *const frame_end_is_linked __attribute__((used)) = &frame_end_file;

static void end_without_running(struct task *task, struct eddy_failure *failure)
{
    struct task *parking = current.task; /* it is leaving its stack: code that runs at its end may wake it */
    current.task = NULL;
    value_destroy(task_handle(task));
    task_core(task)->failure = failure;
    finish(task);
    task_unref(task);
    current.task = parking;
}

void task_entry(void *argument)
{
    struct task *task = argument;
    struct eddy_awaitable *handle = task_handle(task);
    handle->awaitable.state = EDDY_RUNNING;
    handle->awaitable.type->run(handle);
    if (task->children)
        eddy_frame_end(task->children);
    end(task);
    task_leave(task);
}

static inline bool prepare(struct task *task)
{
    if (task->must_cancel) { /* before its first step: the body never runs */
        end_without_running(task, task_take_cancel(task));
        return false;
    }
    size_t size = task->stack_size ? task->stack_size : task->loop->options.stack_size;
    if (__builtin_expect(task->loop->hibernation.on, 0))
        hibernation_make_room(size);
    task->stack = size ? stack_take(size) : stack_take_again();
    if (!task->stack) {
        end_without_running(task, &failure_no_memory);
        return false;
    }
    task->stack->owner = task;
    if (task->stack->guard == STACK_GUARD_CANARY)
        task->loop->careful = true;
    task->state = TASK_STARTED;
    task->ready.begin = NULL;
    switch_prepare(&task->point, task->stack->floor, stack_top(task->stack), task_entry, task);
    return true;
}

bool task_prepare(struct task *task)
{
    return prepare(task);
}

struct task *task_begin_body(struct ready *ready)
{
    struct task *task = task_of_ready(ready);
    return prepare(task) ? task : NULL;
}

/* ---- without a stack: a native operation ---- */

static void step(struct task *task)
{
    struct eddy_awaitable *a = task_handle(task);
    if (task->state == TASK_NEW && !task->must_cancel) {
        task->state = TASK_STARTED;
        task->ready.parked_at = task->loop->looked_at;
        native_begin(task, a); /* if it is already over, the task is in the ready queue */
        return;
    }
    if (task->state == TASK_NEW) { /* cancelled before its first step: it is not even started */
        a->awaitable.failure = task_take_cancel(task);
        value_destroy(a);
    } else if (a->awaitable.state == EDDY_RUNNING) {
        return;
    } else {
        native_settle(task, a);
    }
    if (task->waits_for) /* native_again: it goes on waiting, or has ended again, and this is called for that */
        return;
    finish(task);
    task_unref(task);
}

struct task *task_step_in_loop(struct ready *ready)
{
    step(task_of_ready(ready));
    return NULL;
}
