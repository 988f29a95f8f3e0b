/* SPDX-License-Identifier: MIT */
/* sched.c - how a task leaves its stack, and which task runs next. The invariant is in sched.h. */
#include "core/sched.h"

#include "core/current.h"
#include "core/debug.h"
#include "core/task.h"
#include "os/clock.h"
#include "os/stack_pool.h"

/*
 * While tasks are always ready and timers are set, the loop reads the clock once in as many passes as take
 * LOOK_TIME, at the pace since the last look, and at least every MOST_PASSES: a read costs as much as a short pass.
 * With I/O in flight it looks after each pass: a server that closes yields once, and must see received data by then.
 */
enum { MOST_PASSES = 16, LOOK_TIME = 20000 /* ns */ };

void loop_note_look(struct eddy_loop *loop, int64_t now)
{
    int64_t passes = (int64_t)(loop->ready.passes - loop->pass_of_look), taken = now - loop->last_look;
    int64_t pace = passes ? taken / passes : taken;
    loop->last_look = now;
    loop->looked_at = clock_tick(now);
    loop->pass_of_look = loop->ready.passes;
    uint64_t many = pace <= LOOK_TIME / MOST_PASSES ? MOST_PASSES : 1 + (uint64_t)(LOOK_TIME / pace);
    loop->look_at_pass = loop->ready.passes + many;
}

/* A pass has ended. True: the loop must look before the next one. */
static bool must_look(struct eddy_loop *loop)
{
    if (sched_is_alone(loop))
        return false;
    return sched_looks_always(loop) || loop->driver->in_flight || loop->timer_due ||
           loop->ready.passes >= loop->look_at_pass;
}

static inline struct task *next_task(struct eddy_loop *loop)
{
    struct ready_queue *queue = &loop->ready;
    for (;;) {
        if (!queue->batch) {
            if (!queue->first || must_look(loop))
                return NULL;
            sched_begin_pass(queue);
        }
        if (queue->batch->on_loop)
            return NULL;
        struct ready *item = sched_take(queue);
        struct task *task = item->begin ? item->begin(item) : task_of_ready(item);
        if (task)
            return task;
    }
}

struct task *loop_next_task(struct eddy_loop *loop)
{
    return next_task(loop);
}

/* ---- leaving a stack ---- */

__attribute__((noinline, cold)) void sched_be_careful(struct eddy_loop *loop, const struct stack *left,
                                                      struct task *next)
{
    if (left && !stack_intact(left))
        stack_report_overflow(left);
    if (loop->debug)
        debug_step(loop->debug, next);
}

static __attribute__((noinline)) void leave_somehow(struct task *self)
{
    struct eddy_loop *loop = self->loop;
    struct task *next = next_task(loop);
    if (__builtin_expect(loop->careful, 0))
        sched_be_careful(loop, self->stack, next);
    if (next == self)
        return;
    if (next) {
        sched_go(self, next, loop->error);
    } else {
        current.task = NULL;
        switch_to(&self->point, &loop->point);
    }
}

/* First the case that a new task is next and begins on a stack that was used before: it calls nothing. */
void sched_leave_otherwise(struct task *self)
{
    struct eddy_loop *loop = self->loop;
    struct task *next = loop->careful ? NULL : sched_new_task(loop);
    struct stack *stack = next ? stack_take_again() : NULL;
    if (!stack) {
        leave_somehow(self);
        return;
    }
    sched_take(&loop->ready);
    sched_begin(next, stack);
    current.task = next;
    *loop->error = 0;
    switch_begin(&self->point, &next->point, stack->floor, stack_top(stack), loop->enter, next);
}

void task_park(struct task *self)
{
    sched_park(self);
}

void task_give_way(struct task *self)
{
    sched_give_way(self);
}
