/* SPDX-License-Identifier: MIT */
/*
 * sched.h - who runs next: waking, parking.
 *
 * Invariant: a task that parks goes straight on to the next task of the pass, or to the next pass when the loop has
 * nothing to look at; else to the loop's own stack.  All of this is in this header, for a switch is little more.
 */
#ifndef EDDY_CORE_SCHED_H
#define EDDY_CORE_SCHED_H

#include "core/current.h"
#include "core/loop.h"

/* Puts it into the ready queue; harmless if it is there. */
static inline void task_wake(struct task *task)
{
    if (!task->ready.queued)
        ready_add(&task->loop->ready, &task->ready);
}
/* Leaves the running task's stack until task_wake; errno is the same afterwards. */
void task_park(struct task *self);
/* All others that are ready run before it goes on. */
void task_give_way(struct task *self);
/* Leaves the stack of a task that has ended, and gives up the loop's reference. */
_Noreturn void task_leave(struct task *task);

/* The next task to run without visiting the loop; prepared, its stack ready.  NULL: visit the loop. */
struct task *loop_next_task(struct eddy_loop *loop);
/* The loop has looked at the world, at the time `now`. */
void loop_note_look(struct eddy_loop *loop, int64_t now);

/* ---- the same in line ---- */

/* The rest of sched_leave, to wherever. */
void sched_leave_otherwise(struct task *self);

/* The loop looks at the world after each pass. */
static inline uintptr_t sched_looks_always(const struct eddy_loop *loop)
{
    return (uintptr_t)loop->interrupted | loop->returns | (uintptr_t)__atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);
}
/* There is nothing to look at: tasks only hand over to each other. */
static inline bool sched_is_alone(const struct eddy_loop *loop)
{
    return (sched_looks_always(loop) | loop->driver->in_flight | loop->timers.count) == 0;
}

/* With more tasks than the caches hold, what the one after the next needs is on its way meanwhile: its header, and the
 * top of its stack.  Always inline: gcc takes a function that only prefetches for one without effect. */
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

/* The task that runs next, if it has a stack to switch to; NULL: loop_next_task knows. */
static inline __attribute__((always_inline)) struct task *sched_next(struct eddy_loop *loop)
{
    struct ready_queue *queue = &loop->ready;
    if (!queue->batch) {
        if (!queue->first || !sched_is_alone(loop))
            return NULL;
        ready_begin_pass(queue);
    }
    if (queue->batch->begin)
        return NULL;
    struct ready *item = ready_take(queue);
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

/* Leaves the running task's stack.  Who resumes a task sets errno to what it was. */
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
/* task_give_way: one that is ready waits for nothing. */
static inline __attribute__((always_inline)) void sched_give_way(struct task *self)
{
    task_wake(self);
    sched_leave(self);
}

#endif
