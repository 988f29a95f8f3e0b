/* SPDX-License-Identifier: MIT */
/*
 * life.c - the life of a task: made, begun on a stack or driven without one, ended.
 *
 * Invariant: the next task is made ready before the stack is given back that is still stood on (task_leave).
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
#include "os/stack.h"

/* ---- its end ---- */

static void delist(struct task *task)
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

static void finish(struct task *task)
{
    struct eddy_core *core = task_core(task);
    EDDY_ASSERT(!task->ready.queued, "task \"%s\" ends, and would be resumed afterwards", task_name(task));
    EDDY_ASSERT(!task->interruptible && !task->releasing, "task \"%s\" ends within a wait", task_name(task));
    task->has_result = !core->failure;
    task->obeyed = core->failure && core->failure->own;
    core->failure = failure_passed_on(core->failure, false);
    task->cancelled = core->failure && failure_is_cancellation(core->failure);
    task->state = TASK_DONE;
    core->state = EDDY_FINISHED;
    if (task->level)
        level_forget(task);
    delist(task);
    watches_fire(&task->watches);
    if (task->references == 1) /* the loop's: who might have taken it has given it up */
        task_give_up_result(task);
}

/* ---- on a stack ---- */

static const char *const frame_end_is_linked __attribute__((used)) = &frame_end_file;

static void end_without_running(struct task *task, struct eddy_failure *failure)
{
    struct task *parking = current.task; /* it is on its way off its stack: what ends here may wake it */
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
    finish(task);
    task_leave(task);
}

bool task_prepare(struct task *task)
{
    if (task->must_cancel) { /* before its first step: the body never runs */
        end_without_running(task, task_take_cancel(task));
        return false;
    }
    size_t size = task->stack_size ? task->stack_size : task->loop->options.stack_size;
    task->stack = stack_take(size);
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

static struct task *begin_body(struct ready *ready)
{
    struct task *task = task_of_ready(ready);
    return task_prepare(task) ? task : NULL;
}

/* ---- without a stack: a native operation ---- */

static void step(struct task *task)
{
    struct eddy_awaitable *a = task_handle(task);
    if (task->state == TASK_NEW && !task->must_cancel) {
        task->state = TASK_STARTED;
        task->ready.parked_at = task->loop->looked_at;
        native_begin(task, a); /* if it is over already, the task is in the ready queue */
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
    if (task->waits_for) /* native_again: it waits on, or has ended again, and this is called for that */
        return;
    finish(task);
    task_unref(task);
}

static struct task *step_in_loop(struct ready *ready)
{
    step(task_of_ready(ready));
    return NULL;
}

/* ---- its beginning ---- */

static void enlist(struct eddy_loop *loop, struct task *task)
{
    task->next = loop->tasks;
    task->previous = NULL;
    if (loop->tasks)
        loop->tasks->previous = task;
    loop->tasks = task;
    loop->task_count++;
    task->in_loop = true;
}

/* In pieces that the compiler stores from vector registers: as one memset it becomes `rep stos`, which takes 12 ns. */
static inline void clear(struct task *task)
{
#ifdef EDDY_SANITIZED /* a switch point is larger */
    memset(task, 0, offsetof(struct task, fake_frame));
#else
    struct piece {
        uint64_t words[8];
    } __attribute__((may_alias)) *piece = (void *)task;
    _Static_assert(offsetof(struct task, fake_frame) <= 4 * sizeof *piece && sizeof *task >= 4 * sizeof *piece,
                   "what is cleared is four pieces");
    piece[0] = (struct piece){{0}};
    piece[1] = (struct piece){{0}};
    piece[2] = (struct piece){{0}};
    piece[3] = (struct piece){{0}};
#endif
}

/* 1 is the main task's alone, also after four thousand million others. */
static uint32_t next_id(struct eddy_loop *loop)
{
    if (++loop->last_id == 0)
        loop->last_id = 2;
    return loop->last_id;
}

struct task *task_new(struct eddy_loop *loop, struct level *outer, const void *coroutine, size_t size,
                      const struct eddy_site *site)
{
    struct task *task = block_take(&loop->blocks, sizeof *task + size);
    if (!task)
        return NULL;
    clear(task);
    task->size = (uint32_t)(sizeof *task + size);
    task->loop = loop;
    task->site = site;
    if (outer && !level_join(task, outer)) {
        block_give(&loop->blocks, task, task->size);
        return NULL;
    }
    task->references = 2;
    task->id = next_id(loop);
    task->watches.end = &task->watches.first;
    if (!current.task)
        task->context = context_current();
    else if (current.task->context)
        task->context = context_ref(current.task->context);
    memcpy(task + 1, coroutine, size);
    struct eddy_core *core = task_core(task);
    core->flags = ED_FLAG_TASK;
    core->state = EDDY_CREATED;
    core->children = NULL;
    core->failure = NULL;
    task->ready.begin = core->type->start ? step_in_loop : begin_body;
    task->ready.on_loop = core->type->start != NULL;
    enlist(loop, task);
    return task;
}
