/* SPDX-License-Identifier: MIT */
/* sched.c - the ready queue; how a task leaves its stack and who runs next.  The invariant stands in sched.h. */
#include "core/sched.h"

#include <errno.h>

#include "core/current.h"
#include "core/debug.h"
#include "core/loop.h"
#include "core/task.h"
#include "os/stack.h"

/* With timers set and always something ready, the clock is read each so many passes: a read costs as much as a
 * whole switch. */
enum { PASSES_PER_CLOCK = 8 };

void loop_add_ready(struct eddy_loop *loop, struct ready *ready)
{
    ready->next = NULL;
    ready->queued = true;
    *loop->end = ready;
    loop->end = &ready->next;
}

void loop_add_due(struct eddy_loop *loop, struct ready *ready)
{
    ready->next = *loop->due;
    ready->queued = true;
    *loop->due = ready;
    if (loop->end == loop->due)
        loop->end = &ready->next;
    loop->due = &ready->next;
}

/* A pass has ended: must the loop look at the world before the next?  One branch says no to all of it, in the case that
 * tasks only hand over to each other. */
static bool must_look(struct eddy_loop *loop)
{
    struct driver *driver = loop->driver;
    uintptr_t inbox = (uintptr_t)__atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
    size_t outside = driver->in_flight | inbox | driver->virtual_time | loop->interrupted | loop->returns;
    if (__builtin_expect((outside | loop->timers.count) == 0, 1))
        return false;
    return outside || loop->timer_due || ++loop->passes % PASSES_PER_CLOCK == 0;
}

void loop_begin_pass(struct eddy_loop *loop)
{
    loop->pass_count++;
    loop->batch = loop->first;
    loop->first = NULL;
    loop->end = &loop->first;
}

struct task *loop_next_task(struct eddy_loop *loop)
{
    for (;;) {
        struct ready *item = loop->batch;
        if (!item) {
            if (!loop->first || must_look(loop))
                return NULL;
            loop_begin_pass(loop);
            item = loop->batch;
        }
        if (item->on_loop)
            return NULL;
        loop->batch = item->next;
        item->queued = false;
        struct task *task = item->begin ? item->begin(item) : task_of_ready(item);
        if (task)
            return task;
    }
}

/* ---- leaving a stack ---- */

void task_wake(struct task *task)
{
    if (!task->ready.queued)
        loop_add_ready(task->loop, &task->ready);
}

/* Ends in the switch; who resumes a task sets errno to what it was. */
void task_park(struct task *self)
{
    struct eddy_loop *loop = self->loop;
    int *error = &errno; /* one address: a task stays on its thread */
    self->saved_errno = *error;
    self->at_once = 0;
    self->ready.parked_at = loop->looked_at;
    if (__builtin_expect(!stack_intact(self->stack), 0))
        stack_report_overflow(self->stack);
    struct task *next = loop_next_task(loop);
    if (__builtin_expect(loop->debug != NULL, 0))
        debug_step(loop->debug, next);
    if (next)
        *error = next->saved_errno;
    if (next == self)
        return;
    current.task = next;
    switch_to(&self->point, next ? &next->point : &loop->point);
}

void task_give_way(struct task *self)
{
    task_wake(self);
    task_park(self);
}

/* The last thing on a task's stack.  The next task is made ready before the stack is given back: it must not get
 * this one while it is stood on. */
void task_leave(struct task *task)
{
    struct eddy_loop *loop = task->loop;
    struct stack *stack = task->stack;
    struct switch_point gone;
    task->stack = NULL;
    struct task *next = loop_next_task(loop);
    if (__builtin_expect(loop->debug != NULL, 0))
        debug_step(loop->debug, next);
    current.task = next;
    switch_retire();
    task_unref(task);
    stack_give(stack);
    if (next)
        errno = next->saved_errno;
    switch_away(&gone, next ? &next->point : &loop->point, NULL);
    __builtin_unreachable();
}
