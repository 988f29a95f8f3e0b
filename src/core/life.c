/* SPDX-License-Identifier: MIT */
/*
 * life.c - the life of a task: making it, beginning it on a stack or driving it without one, ending it.
 *
 * Invariant: the next task is made ready before the current stack, which is still in use, is given back. A new task
 * may begin on the stack that the one before it has just left, without a switch.
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
#include "core/join.h"
#include "core/level.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/sched.h"
#include "core/unclaimed.h"
#include "eddy/macros.h"
#include "os/stack_pool.h"

/* ---- its end ---- */

static __attribute__((noinline)) void note_failure(struct task *task)
{
    struct eddy_core *core = task_core(task);
    task->obeyed = core->failure->own;
    if (core->failure == &failure_own_cancelled)
        core->failure = &failure_cancelled;
    else
        core->failure = failure_passed_on(core->failure, false);
    task->cancelled = failure_is_cancellation(core->failure);
}

static __attribute__((noinline, cold)) void ends_early(struct task *task)
{
    EDDY_ASSERT(!task->ready.queued, "task \"%s\" ends, and would be resumed afterwards", task_name(task));
    EDDY_ASSERT(false, "task \"%s\" ends within a wait", task_name(task));
}

/* Returns the only task that waits for it, if it does so by an await: the caller must wake it; NULL: there is none. */
static inline __attribute__((always_inline)) struct task *end(struct task *task)
{
    struct eddy_core *core = task_core(task);
    uint16_t waits;
    _Static_assert(offsetof(struct task, interruptible) == offsetof(struct task, releasing) + 1, "one word");
    memcpy(&waits, &task->releasing, sizeof waits);
    if (__builtin_expect((uint16_t)(task->ready.queued | waits), 0))
        ends_early(task);
    if (__builtin_expect(core->failure != NULL, 0))
        note_failure(task);
    else
        task->has_result = true;
    task->state = TASK_DONE;
    core->state = EDDY_FINISHED;
    if (task->level)
        level_forget(task);
    task_delist(task);
    struct task *heir = task->watches.first ? join_only(task) : NULL;
    if (task->watches.first)
        watches_fire(&task->watches);
    if (task->references == 1) /* the loop's reference: the one who might have taken it has given up */
        task_give_up_result(task);
    return heir;
}

static void finish(struct task *task)
{
    struct task *heir = end(task);
    if (heir)
        task_wake(heir);
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

/* Gives the stack back and leaves it for that of `next` (NULL: for the loop's). */
static inline __attribute__((always_inline)) _Noreturn void leave_stack(struct eddy_loop *loop, struct stack *stack,
                                                                       struct task *next)
{
    stack_give_back(stack);
    if (next)
        *loop->error = next->saved_errno;
    switch_away(&loop->left, next ? &next->point : &loop->point, NULL);
    __builtin_unreachable();
}

/* The task that waited for its end would be the only one of the next pass: it goes on. Else it is only woken. */
static inline void leave_for_heir(struct task *task, struct task *heir)
{
    struct eddy_loop *loop = task->loop;
    struct stack *stack = task->stack;
    if (loop->ready.batch || loop->ready.first || heir->ready.begin || loop->careful || !sched_is_alone(loop)) {
        task_wake(heir);
        return;
    }
    loop->ready.passes++;
    task->stack = NULL;
    current.task = heir;
    switch_retire();
    task->references--; /* not the last one: the heir has one */
    leave_stack(loop, stack, heir);
}

/* The next task is made ready before the stack is given back: it must not get this stack while it is in use. */
static __attribute__((noinline)) _Noreturn void leave(struct task *task)
{
    struct eddy_loop *loop = task->loop;
    struct stack *stack = task->stack;
    struct task *next = loop->careful ? NULL : sched_next(loop);
    if (!next)
        next = loop_next_task(loop);
    if (__builtin_expect(loop->careful, 0))
        sched_be_careful(loop, NULL, next);
    task->stack = NULL;
    current.task = next;
    switch_retire();
    task_unref_counted(task);
    leave_stack(loop, stack, next);
}

/* The new task that is next, if it may begin on the stack of the one that has ended; NULL: it may not. Where a tool
 * follows stacks each task has its own. */
static inline struct task *follower(const struct task *task)
{
#ifdef EDDY_SANITIZED
    (void)task;
    return NULL;
#else
    struct eddy_loop *loop = task->loop;
    if (loop->careful || !task->ready.plain || task->stack->checked)
        return NULL;
    if (!loop->ready.batch && loop->ready.first && sched_is_alone(loop))
        sched_begin_pass(&loop->ready);
    return sched_new_task(loop);
#endif
}

static inline void follow(struct task *task, struct task *next)
{
    sched_take(&task->loop->ready);
    sched_begin(next, task->stack);
    task->stack = NULL;
    current.task = next;
    *task->loop->error = 0;
    task_unref_counted(task);
}

void task_entry(void *argument)
{
    struct task *task = argument;
    for (;;) {
        struct eddy_awaitable *handle = task_handle(task);
        handle->awaitable.state = EDDY_RUNNING;
        handle->awaitable.type->run(handle);
        if (task->children)
            eddy_frame_end(task->children);
        struct task *heir = end(task);
        if (heir)
            leave_for_heir(task, heir);
        struct task *next = follower(task);
        if (!next)
            leave(task);
        follow(task, next);
        task = next;
    }
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
    task->stack = size ? NULL : stack_take_again();
    if (!task->stack && !(task->stack = stack_take(size))) {
        end_without_running(task, &failure_no_memory);
        return false;
    }
    if (task->stack->guard == STACK_GUARD_CANARY)
        task->loop->careful = true;
    sched_begin(task, task->stack);
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
