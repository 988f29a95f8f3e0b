/* SPDX-License-Identifier: MIT */
/* spawn.c - spawn: makes a task of a coroutine's copy, which belongs to the frame that spawns it. */
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/level.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/sched.h"
#include "eddy/macros.h"

/* The result of spawn without memory: a task that has ended with ENOMEM, with room for the largest result. */
static struct {
    struct task task;
    _Alignas(16) char handle[65536];
} no_memory;

static struct task *no_memory_task(void)
{
    struct task *task = &no_memory.task;
    task->state = TASK_DONE;
    task->seen = true;
    task_core(task)->flags = ED_FLAG_TASK;
    task_core(task)->state = EDDY_FINISHED;
    task_core(task)->failure = &failure_no_memory;
    return task;
}

/* In a loop over tasks that end at once, a pending request is delivered at the await of one that did not. */
static bool may_go_on(const struct task *self)
{
    return !self->must_cancel || self->at_once < TASK_AWAITS_AT_ONCE;
}

/* Runs it until it first waits; the spawner is the very next to go on. */
static void run_eagerly(struct task *self, struct task *task)
{
    struct eddy_loop *loop = self->loop;
    if (!task_prepare(task))
        return;
    sched_add_next(&loop->ready, &self->ready);
    self->saved_errno = errno;
    current.task = task;
    switch_to(&self->point, &task->point);
}

/* A task for a coroutine of `size` bytes, owned by the frame with `children`; NULL: no memory. frame: of the
 * function that programs call. */
static inline __attribute__((always_inline)) struct task *spawn(const void *coroutine, size_t size, void **children,
                                                               const struct eddy_site *site, char *frame)
{
    struct eddy_loop *loop = current.loop;
    struct task *self = current.task;
    EDDY_ASSERT_AT(loop, "%s:%d: spawn needs a running loop: call it from what eddy_run runs",
                site && site->file ? site->file : "?", site ? site->line : 0);
    struct task *task = task_new(loop, self ? self->level : NULL, coroutine, size, site);
    if (!task)
        return NULL;
    task->spawn_frame = frame;
    task->fake_frame = fake_frame_of(coroutine);
    if (!children && self)
        children = &self->children;
    if (children)
        task_own(task, children);
    return task;
}

static __attribute__((noinline, cold)) void *not_spawned(const void *coroutine, size_t size)
{
    EDDY_ASSERT(size <= sizeof no_memory.handle, "no memory for a task of %zu bytes", size);
    current.loop->unspawned++;
    value_destroy((struct eddy_awaitable *)(uintptr_t)coroutine);
    return task_handle(no_memory_task());
}

struct task *task_spawn_into(struct level *outer, const void *coroutine, size_t size, const struct eddy_site *site)
{
    struct task *task = task_new(current.loop, outer, coroutine, size, site);
    if (task)
        task_wake(task);
    return task;
}

/* If link-time optimisation inlined it into a body, its frame would be the body's; but spawn_frame must lie below
 * that. */
__attribute__((noinline)) void *eddy_spawn_copy_with(const void *coroutine, size_t size, void **children,
                                                     const struct eddy_site *site, const eddy_spawn_options *options)
{
    struct task *task = spawn(coroutine, size, children, site, __builtin_frame_address(0));
    if (!task)
        return not_spawned(coroutine, size);
    if (options && options->name)
        task_set_name(task, options->name);
    if (options && options->stack_size)
        task->stack_size = options->stack_size < UINT32_MAX ? (uint32_t)options->stack_size : UINT32_MAX;
    if (options && options->size > offsetof(eddy_spawn_options, hibernation) && options->hibernation)
        hibernation_allow(task);
    if (options && options->eager && current.task && may_go_on(current.task) && !task_core(task)->type->start)
        run_eagerly(current.task, task);
    else
        task_wake(task);
    return task_handle(task);
}

static __attribute__((noinline)) void *spawn_otherwise(const void *coroutine, size_t size, void **children,
                                                       const struct eddy_site *site, unsigned flags)
{
    static const eddy_spawn_options eager = {.size = sizeof eager, .eager = true};
    if (flags & ED_SPAWN_EAGER)
        return eddy_spawn_copy_with(coroutine, size, children, site, &eager);
    struct task *task = spawn(coroutine, size, children, site, __builtin_frame_address(0));
    if (!task)
        return not_spawned(coroutine, size);
    sched_add(&task->loop->ready, &task->ready);
    return task_handle(task);
}

/* True: nothing is left to do but to fill the memory of a task. */
static inline bool is_simple(const void *coroutine, void **children, unsigned flags)
{
    const struct task *self = current.task;
    if (__builtin_expect(!self || !children, 0))
        return false;
    uintptr_t more = (uintptr_t)self->level | (uintptr_t)self->context | flags |
                     (uintptr_t)((const struct eddy_core *)coroutine)->type->start;
    return __builtin_expect(more == 0, 1);
}

/* It calls nothing unless it must, so that it has no registers to store. */
__attribute__((noinline)) void *eddy_spawn_copy(const void *coroutine, size_t size, void **children,
                                                const struct eddy_site *site, unsigned flags)
{
    if (!is_simple(coroutine, children, flags))
        return spawn_otherwise(coroutine, size, children, site, flags);
    struct eddy_loop *loop = current.loop;
    struct task *task = block_take_again(&loop->blocks, sizeof *task + size);
    if (!task)
        return spawn_otherwise(coroutine, size, children, site, flags);
    task_fill(task, loop, coroutine, size, site);
    task->ready.begin = task_begin_body;
    task->ready.plain = true;
    task->spawn_frame = __builtin_frame_address(0);
    task->fake_frame = fake_frame_of(coroutine);
    task_own(task, children);
    sched_add(&loop->ready, &task->ready);
    return task_handle(task);
}

/* ---- shield ---- */

struct eddy_failure *eddy_run_shielded(struct eddy_awaitable *a, size_t size)
{
    void *none = NULL;
    struct eddy_awaitable *handle = eddy_spawn_copy(a, size, &none, NULL, 0);
    struct task *task = task_of_handle(handle);
    task_disown(task);
    level_leave(task);
    struct eddy_failure *failure = eddy_join_shielded(handle);
    if (task->state == TASK_DONE)
        memcpy((char *)a + sizeof a->awaitable, (char *)handle + sizeof a->awaitable, size - sizeof a->awaitable);
    task->consumed = HANDLE_USED;
    task_unref(task); /* if it still runs, it frees itself */
    return failure;
}
