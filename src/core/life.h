/* SPDX-License-Identifier: MIT */
/* life.h - how a task begins; it ends without a call from outside. */
#ifndef EDDY_CORE_LIFE_H
#define EDDY_CORE_LIFE_H

#include <string.h>

#include "core/context_var.h"
#include "core/current.h"
#include "core/level.h"
#include "core/loop.h"

/* Prepares it to run: takes its stack. False: no memory, and the task has ended with ENOMEM. */
bool task_prepare(struct task *task);
/* The first function on the stack of a task. Debuggers know it by this name. */
void task_entry(void *task);
/* `begin` of a struct ready: for a coroutine, for a native operation. */
struct task *task_begin_body(struct ready *ready);
struct task *task_step_in_loop(struct ready *ready);

static inline void task_enlist(struct eddy_loop *loop, struct task *task)
{
    struct task *next = loop->tasks;
    loop->tasks = task;
    task->link = &loop->tasks;
    if (next)
        next->link = &task->next;
    task->next = next;
    loop->task_count++;
}

static inline void task_delist(struct task *task)
{
    *task->link = task->next;
    if (task->next)
        task->next->link = task->link;
    task->loop->task_count--;
}

/* In pieces that the compiler stores from vector registers: as one memset it becomes `rep stos`, which takes 12 ns. */
static inline void task_clear(struct task *task)
{
#ifdef EDDY_SANITIZED /* a switch point is larger */
    memset(task, 0, offsetof(struct task, fake_frame));
#else
    struct piece {
        uint64_t words[10];
    } __attribute__((may_alias)) *piece = (void *)task;
    _Static_assert(offsetof(struct task, fake_frame) <= 3 * sizeof *piece && sizeof *task >= 3 * sizeof *piece,
                   "what is cleared is three pieces");
    piece[0] = (struct piece){{0}};
    piece[1] = (struct piece){{0}};
    piece[2] = (struct piece){{0}};
#endif
}

/* 1 belongs to the main task only, even after four thousand million others */
static inline uint32_t task_next_id(struct eddy_loop *loop)
{
    uint32_t id = ++loop->last_id;
    if (__builtin_expect(id == 0, 0))
        id = loop->last_id = 2;
    return id;
}

/* A call of memcpy takes longer. What is copied together with the core's last word is two pieces in most coroutines. */
static inline __attribute__((always_inline)) void copy_coroutine(struct task *task, const void *coroutine, size_t size)
{
    enum { PIECE = 16 };
    struct eddy_core *core = task_core(task);
    char *to = (char *)core;
    const char *from = coroutine;
    size_t at = sizeof *core - sizeof(uint64_t);
    memcpy(to + at, from + at, PIECE); /* there is a result, if only of type eddy_void */
    while ((at += PIECE) + PIECE < size)
        memcpy(to + at, from + at, PIECE);
    memcpy(to + size - PIECE, from + size - PIECE, PIECE);
    *core = (struct eddy_core){.type = ((const struct eddy_core *)coroutine)->type, .flags = ED_FLAG_TASK};
}

/* Makes the memory of a task one: inside no scope, and without variables. */
static inline __attribute__((always_inline)) void task_fill(struct task *task, struct eddy_loop *loop,
                                                           const void *coroutine, size_t size,
                                                           const struct eddy_site *site)
{
    task_clear(task);
    task->size = (uint32_t)(sizeof *task + size);
    task->loop = loop;
    task->site = site;
    task->references = 2;
    task->id = task_next_id(loop);
    copy_coroutine(task, coroutine, size);
    task_enlist(loop, task);
}

/* `begin` of a task that was filled. */
static inline void task_set_begin(struct task *task)
{
    bool native = task_core(task)->type->start;
    task->ready.begin = native ? task_step_in_loop : task_begin_body;
    task->ready.on_loop = native;
    task->ready.plain = !native;
}

/* A task that is not in the ready queue yet, with one reference of the loop and one for the caller, inside `outer`
 * (NULL: in no scope); NULL: no memory. */
static inline __attribute__((always_inline)) struct task *task_new(struct eddy_loop *loop, struct level *outer,
                                                                  const void *coroutine, size_t size,
                                                                  const struct eddy_site *site)
{
    struct task *self = current.task, *task = block_take(&loop->blocks, sizeof *task + size);
    if (!task)
        return NULL;
    task_fill(task, loop, coroutine, size, site);
    if (outer && !level_join(task, outer)) {
        task_delist(task);
        block_give(&loop->blocks, task, task->size);
        return NULL;
    }
    task_set_begin(task);
    if (!self)
        task->context = context_current();
    else if (self->context)
        task->context = context_ref(self->context);
    return task;
}

#endif
