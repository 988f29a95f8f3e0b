/* SPDX-License-Identifier: MIT */
/*
 * sched.h - which task runs next: the ready queue, waking, parking.
 *
 * Invariant: a task that parks switches straight to the next task of the pass, or to the next pass if the loop need
 * not look at I/O and timers; otherwise to the loop's own stack. The functions are in this header, since a switch is
 * little more than these.
 */
#ifndef EDDY_CORE_SCHED_H
#define EDDY_CORE_SCHED_H

#include "core/current.h"
#include "core/loop.h"
#include "os/stack.h"

/* ---- the ready queue ---- */

static inline void sched_add(struct ready_queue *queue, struct ready *ready)
{
    ready->next = NULL;
    ready->queued = true;
    *queue->end = ready;
    queue->end = &ready->next;
}
/* Adds a call of a timer that fires, before the tasks that timers wake at the same time. So a call that cancels a
 * task whose deadline has come at that time does so before the task has gone on, as in asyncio. */
static inline void sched_add_due(struct ready_queue *queue, struct ready *ready)
{
    ready->next = *queue->due;
    ready->queued = true;
    *queue->due = ready;
    if (queue->end == queue->due)
        queue->end = &ready->next;
    queue->due = &ready->next;
}
/* Puts it first in this pass. */
static inline void sched_add_next(struct ready_queue *queue, struct ready *ready)
{
    ready->next = queue->batch;
    ready->queued = true;
    queue->batch = ready;
}
/* The pass has ended: the ready tasks and calls become the next one. */
static inline void sched_begin_pass(struct ready_queue *queue)
{
    queue->passes++;
    queue->batch = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
}
/* Takes the first of the pass, which is not empty. */
static inline struct ready *sched_take(struct ready_queue *queue)
{
    struct ready *ready = queue->batch;
    queue->batch = ready->next;
    ready->queued = false;
    return ready;
}

/* ---- tasks ---- */

/* Puts it into the ready queue; no effect if it is in it. */
static inline void task_wake(struct task *task)
{
    if (!task->ready.queued)
        sched_add(&task->loop->ready, &task->ready);
}
/* Leaves the running task's stack until task_wake; errno is restored afterwards. */
void task_park(struct task *self);
/* All other ready tasks run before it goes on. */
void task_give_way(struct task *self);

/* The next task to run without returning to the loop; its stack is ready. NULL: return to the loop. */
struct task *loop_next_task(struct eddy_loop *loop);
/* The loop has looked at I/O and timers, at the time `now`. */
void loop_note_look(struct eddy_loop *loop, int64_t now);

/* ---- the same as inline functions ---- */

/* Called before `next` runs, in debug mode, and for stacks that have no guard page. left: the stack that is left. */
void sched_be_careful(struct eddy_loop *loop, const struct stack *left, struct task *next);
/* The rest of sched_leave, with any destination. */
void sched_leave_otherwise(struct task *self);

/* Not 0: the loop looks at I/O and timers after each pass. */
static inline uintptr_t sched_looks_always(const struct eddy_loop *loop)
{
    enum { AT = offsetof(struct eddy_loop, interrupted) };
    uint64_t interrupted_or_returns;
    _Static_assert(sizeof(sig_atomic_t) == 4 && offsetof(struct eddy_loop, returns) == AT + 4, "the two in one word");
    memcpy(&interrupted_or_returns, (const char *)loop + AT, sizeof interrupted_or_returns);
    return interrupted_or_returns | (uintptr_t)__atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
}
/* True: there is nothing to look at: tasks only switch to each other. */
static inline bool sched_is_alone(const struct eddy_loop *loop)
{
    return (sched_looks_always(loop) | loop->driver->in_flight | loop->timers.count) == 0;
}

/* With more tasks than the caches hold, this prefetches the memory of the task after the next: its header, and the
 * top of its stack. Always inline: gcc takes a function that only prefetches for one without effect. */
static inline __attribute__((always_inline)) void sched_will_run(struct ready *item)
{
    __builtin_prefetch(item->next);
    if (item->begin)
        return;
    const char *sp = task_of_ready(item)->point.sp;
    __builtin_prefetch(sp);
    __builtin_prefetch(sp + 64);
    __builtin_prefetch(sp + 128);
}

/* A task that has not begun is given its stack. */
static inline void sched_begin(struct task *task, struct stack *stack)
{
    stack->owner = task;
    task->stack = stack;
    task->state = TASK_STARTED;
    task->ready.begin = NULL;
}

/* The first of the pass, if it is a new task that begins without further steps; NULL: it is not. */
static inline struct task *sched_new_task(const struct eddy_loop *loop)
{
    struct ready *item = loop->ready.batch;
    return item && item->plain && loop->enter && task_is_untouched(task_of_ready(item)) ? task_of_ready(item) : NULL;
}

/* The task that runs next, if it has a stack to switch to; NULL: ask loop_next_task. */
static inline __attribute__((always_inline)) struct task *sched_next(struct eddy_loop *loop)
{
    struct ready_queue *queue = &loop->ready;
    if (!queue->batch) {
        if (!queue->first || !sched_is_alone(loop))
            return NULL;
        sched_begin_pass(queue);
    }
    if (queue->batch->begin)
        return NULL;
    struct ready *item = sched_take(queue);
    if (item->next)
        sched_will_run(item->next);
    return task_of_ready(item);
}

static inline __attribute__((always_inline)) void sched_go(struct task *self, struct task *next,
                                                           int *error)
{
    current.task = next;
    *error = next->saved_errno;
    switch_to(&self->point, &next->point);
}

/* Leaves the running task's stack. The code that resumes a task restores its errno. */
static inline __attribute__((always_inline)) void sched_leave(struct task *self)
{
    struct eddy_loop *loop = self->loop;
    int *error = loop->error;
    self->saved_errno = *error;
    self->at_once = 0;
    struct task *next = loop->careful ? NULL : sched_next(loop);
    if (!next)
        sched_leave_otherwise(self);
    else if (next != self)
        sched_go(self, next, error);
}
/* task_park. */
static inline __attribute__((always_inline)) void sched_park(struct task *self)
{
    self->ready.parked_at = self->loop->looked_at;
    sched_leave(self);
}
/* For task_give_way: a task that is ready waits for nothing. */
static inline __attribute__((always_inline)) void sched_give_way(struct task *self)
{
    task_wake(self);
    sched_leave(self);
}

#endif
