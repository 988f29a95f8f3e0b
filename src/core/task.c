/* SPDX-License-Identifier: MIT */
/*
 * task.c - the life of a task: made, owned by a frame, started, parked, woken, ended, freed.
 *
 * The rules of references and of what lies off the stack stand in task.h.
 */
#include "core/task.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/block.h"
#include "core/circle.h"
#include "core/context_var.h"
#include "core/current.h"
#include "core/debug.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/level.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/unclaimed.h"
#include "core/wrong_loop.h"
#include "eddy/macros.h"
#include "os/memory.h"
#include "os/stack.h"

/* What spawn gives without memory: a task that has ended with ENOMEM, with room for the largest result. */
static struct {
    struct task task;
    _Alignas(16) char handle[65536];
} no_memory;

static bool is_no_memory(const struct task *task)
{
    return task == &no_memory.task;
}

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

/* In pieces that the compiler stores from vector registers: as one memset it becomes `rep stos`, which takes 12 ns. */
static inline void clear(struct task *task)
{
    struct piece {
        uint64_t words[8];
    } __attribute__((may_alias)) *piece = (void *)task;
    _Static_assert(offsetof(struct task, point) <= 4 * sizeof *piece && sizeof *task >= 4 * sizeof *piece,
                   "what is cleared is four pieces");
    piece[0] = (struct piece){{0}};
    piece[1] = (struct piece){{0}};
    piece[2] = (struct piece){{0}};
    piece[3] = (struct piece){{0}};
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
        task->context = context_ref(context_current());
    else if (current.task->context)
        task->context = context_ref(current.task->context);
    memcpy(task + 1, coroutine, size);
    struct eddy_core *core = task_core(task);
    core->flags = ED_FLAG_TASK;
    core->state = EDDY_CREATED;
    core->children = NULL;
    core->failure = NULL;
    enlist(loop, task);
    return task;
}

void task_own(struct task *task, void **children)
{
    struct task *before = task->sibling = *children;
    if (before) {
        before->sibling_link = &task->sibling;
        if (before->spawn_frame < task->spawn_frame)
            task->spawn_frame = before->spawn_frame;
    }
    task->sibling_link = children;
    *children = task;
}

void task_disown(struct task *task)
{
    if (!task->sibling_link)
        return;
    *task->sibling_link = task->sibling;
    if (task->sibling)
        ((struct task *)task->sibling)->sibling_link = task->sibling_link;
    task->sibling_link = NULL;
}

/* Debug mode: the block stays until the loop closes, so that a second use of the handle is named. */
static void quarantine(struct task *task)
{
    task->name = task->cancel_reason = NULL;
    task->caught = task_core(task)->failure = NULL;
    task->context = NULL;
    task->consumed = true;
    task->references = UINT32_MAX / 2; /* uses that no assertion stops do not free it again */
    task->next = task->loop->quarantine;
    task->loop->quarantine = task;
}

void tasks_free(struct eddy_loop *loop)
{
    for (struct task *task; (task = loop->quarantine);) {
        loop->quarantine = task->next;
        block_give(&loop->blocks, task, task->size);
    }
}

/* Apart, so that the usual end of a task has no frame for the text. */
static __attribute__((noinline, cold)) void report_unseen(struct task *task)
{
    char what[128];
    snprintf(what, sizeof what, "task \"%.64s\" failed and nobody awaited it", task_name(task));
    report_failure(task_core(task)->failure, what);
}

static void free_task(struct task *task)
{
    struct eddy_core *core = task_core(task);
    task_give_up_result(task);
    if (core->failure && !task->seen && !task->cancelled)
        report_unseen(task);
    if (core->failure || task->caught || task->context || task->name || task->cancel_reason) {
        failure_unref(core->failure);
        failure_unref(task->caught);
        context_unref(task->context);
        memory_free(task->name);
        memory_free(task->cancel_reason);
    }
    if (task->loop->debug)
        quarantine(task);
    else
        block_give(&task->loop->blocks, task, task->size);
}

void task_unref(struct task *task)
{
    if (!is_no_memory(task) && --task->references == 0)
        free_task(task);
}

/* ---- waking, parking ---- */

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

void value_destroy(struct eddy_awaitable *value)
{
    if (value->awaitable.type->destroy)
        value->awaitable.type->destroy(value);
}

static void end_without_running(struct task *task, struct eddy_failure *failure)
{
    struct task *parking = current.task; /* it is on its way off its stack: what ends here may wake it */
    current.task = NULL;
    value_destroy(task_handle(task));
    task_core(task)->failure = failure;
    task_finish(task);
    task_unref(task);
    current.task = parking;
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
    task->state = TASK_STARTED;
    switch_prepare(&task->point, task->stack->floor, stack_top(task->stack), task_entry, task);
    return true;
}

/* The last thing on a task's stack.  The next task is made ready before the stack is given back: it must not get
 * this one while it is stood on. */
static void leave_for_ever(struct task *task)
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

void task_entry(void *argument)
{
    struct task *task = argument;
    struct eddy_awaitable *handle = task_handle(task);
    handle->awaitable.state = EDDY_RUNNING;
    handle->awaitable.type->run(handle);
    if (task->children)
        eddy_frame_end(task->children);
    task_finish(task);
    leave_for_ever(task);
}

void task_finish(struct task *task)
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

/* ---- waiting for a task ---- */

static struct task *joiner(struct watch *watch)
{
    return (struct task *)(void *)((char *)watch - offsetof(struct task, wait.watch));
}

static void wake_joiner(struct watch *watch)
{
    task_wake(joiner(watch));
}

static void refuse_joiner(struct watch *watch, struct eddy_failure *failure)
{
    struct task *self = joiner(watch);
    watch_remove(&self->joins->watches, watch);
    self->circular = true;
    self->wait.refusal = failure;
    task_wake(self);
}

static const struct wait_kind by_await = {.waiter = joiner, .refuse = refuse_joiner}, by_frame = {.waiter = joiner};

static void link_to(struct task *self, struct task *task, const struct wait_kind *kind)
{
    task->references++;
    watch_add(&task->watches, &self->wait.watch, wake_joiner);
    self->wait.watch.kind = kind;
    self->joins = task;
}

static void unlink_from(struct task *self, struct task *task)
{
    self->joins = NULL;
    task_unref(task);
}

void task_wait_end(struct task *self, struct task *task, bool forwarding)
{
    self->forwarded = self->circular = false;
    if (task->state == TASK_DONE)
        return;
    link_to(self, task, forwarding ? &by_await : &by_frame);
    self->passes_on = forwarding;
    if (forwarding && self->must_cancel) {
        self->must_cancel = false;
        self->forwarded = true;
        task_hurry(task, self->cancel_reason);
    }
    while (task->state != TASK_DONE && !self->circular)
        task_park(self);
    self->passes_on = false;
    unlink_from(self, task);
}

/* A request went to the task, which ended otherwise.  If it was told, that is its answer; else the request was too late
 * for it and is its awaiter's again. */
static void take_back(struct task *self, const struct task *task)
{
    self->forwarded = false;
    if (task->undelivered || level_reaches(self))
        self->must_cancel = true;
    else
        task_note_delivery(self);
}

/* The failure of a task, for one who awaited it: moved out if nobody else can ask. */
static struct eddy_failure *outcome(struct task *self, struct task *task)
{
    struct eddy_core *core = task_core(task);
    struct eddy_failure *failure = core->failure;
    task->seen = true;
    if (self->forwarded && failure && failure_is_cancellation(failure))
        return task_deliver_cancel(self);
    if (self->forwarded)
        take_back(self, task);
    if (!failure)
        return NULL;
    if (task->references == 1)
        core->failure = NULL;
    else
        failure = failure_clone(failure);
    return failure;
}

void task_unspawned_seen(void)
{
    if (current.loop && current.loop->unspawned)
        current.loop->unspawned--;
}

/* It would wait for itself.  A handle that a frame has in its list stays there, and one that another task awaits is
 * that one's; any other is given up, and the task frees itself when it has ended. */
static struct eddy_failure *refuse(struct task *self, struct task *task, bool awaited_by_another,
                                   struct eddy_failure *failure)
{
    self->circular = true; /* until eddy_release */
    if (!awaited_by_another) {
        task->consumed = !task->sibling_link;
        if (task->consumed)
            task_unref(task);
    }
    return failure;
}

static struct eddy_failure *join_task(struct task *task)
{
    struct task *self = current.task;
    if (is_no_memory(task)) {
        task_unspawned_seen();
        return &failure_no_memory;
    }
    if (!self)
        return failure_of(EDDY_NO_TASK, "await of task \"%s\"", task_name(task));
    if (task == self)
        return failure_of(EDDY_WAITS_FOR_ITSELF, "task \"%s\"", task_name(task));
    if (task->loop != self->loop && task->state != TASK_DONE)
        return wrong_loop_failure("the task");
    struct eddy_failure *circle = circle_closed(self, task);
    if (circle)
        return refuse(self, task, task->consumed, circle);
    EDDY_ASSERT(!task->consumed, "the handle of task \"%s\" was awaited or given up before", task_name(task));
    task->consumed = true;
    if (task->state == TASK_DONE && self->at_once++ >= TASK_AWAITS_AT_ONCE)
        task_give_way(self);
    task_wait_end(self, task, true);
    if (self->circular)
        return refuse(self, task, false, self->wait.refusal);
    task_disown(task);
    struct eddy_failure *failure = outcome(self, task);
    if (!failure)
        task->has_result = false; /* the awaiter copies it */
    return failure;
}

struct eddy_failure *eddy_join(struct eddy_awaitable *a)
{
    if (handle_is_task(a))
        return join_task(task_of_handle(a));
    if (a->awaitable.flags & ED_FLAG_FUTURE)
        return future_wait(a, true);
    if (a->awaitable.state == EDDY_FINISHED)
        return failure_of(EDDY_REUSED, "%s", a->awaitable.type->name);
    if (a->awaitable.state != EDDY_CREATED)
        return failure_of(EDDY_AWAITED_ALREADY, "%s", a->awaitable.type->name);
    a->awaitable.state = EDDY_RUNNING;
    struct eddy_failure *failure = eddy_run_here(a);
    a->awaitable.state = EDDY_FINISHED;
    a->awaitable.failure = NULL;
    return failure;
}

void eddy_release(struct eddy_awaitable *a)
{
    if (!handle_is_task(a))
        return;
    if (current.task && current.task->circular)
        current.task->circular = false; /* the await was refused, see there */
    else if (task_of_handle(a)->consumed && task_of_handle(a) != current.task)
        task_unref(task_of_handle(a)); /* but one that wrongly awaited itself gives nothing up */
}

/* Until it has ended: NULL. */
static struct eddy_failure *wait_shielded(struct task *self, struct task *task)
{
    struct eddy_failure *failure = circle_closed(self, task);
    if (failure)
        return failure;
    self->circular = false;
    link_to(self, task, &by_await);
    self->interruptible = true;
    while (task->state != TASK_DONE && !self->circular && !self->must_cancel)
        task_park(self);
    self->interruptible = false;
    if (self->circular)
        failure = self->wait.refusal;
    else
        watch_remove(&task->watches, &self->wait.watch);
    bool done = task->state == TASK_DONE;
    unlink_from(self, task);
    self->circular = false; /* there is no eddy_release */
    return failure || done ? failure : task_take_cancel(self);
}

/* Waits without taking the handle; a cancellation ends the wait and leaves the task alone. */
static struct eddy_failure *shielded_wait(struct task *self, struct task *task)
{
    struct eddy_failure *failure = task_must_look(self) ? task_checkpoint(self, false) : NULL;
    self->forwarded = false;
    self->at_once++;
    if (failure)
        return failure;
    if (task->state != TASK_DONE && (failure = wait_shielded(self, task)))
        return failure;
    task->seen = true;
    task->has_result = false;
    return task_core(task)->failure ? failure_clone(task_core(task)->failure) : NULL;
}

struct eddy_failure *eddy_join_shielded(struct eddy_awaitable *a)
{
    struct task *self = current.task;
    if (a->awaitable.flags & ED_FLAG_FUTURE)
        return future_wait(a, false);
    if (!handle_is_task(a) || is_no_memory(task_of_handle(a)) || !self)
        return eddy_join(a);
    struct task *task = task_of_handle(a);
    if (task == self)
        return failure_of(EDDY_WAITS_FOR_ITSELF, "task \"%s\"", task_name(task));
    if (!awaitable_is_ours(a))
        return wrong_loop_failure("the task");
    struct eddy_failure *circle = task->consumed ? circle_closed(self, task) : NULL;
    if (circle)
        return circle;
    EDDY_ASSERT(!task->consumed, "the handle of task \"%s\" was awaited or given up before", task_name(task));
    return shielded_wait(self, task);
}

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
    task->consumed = true;
    task_unref(task); /* if it still runs, it frees itself */
    return failure;
}

/* ---- a frame ends ---- */

static void cancel_children(struct task *first)
{
    for (struct task *task = first; task; task = task->sibling)
        task->asked = task->state != TASK_DONE; /* of one that has ended the failure is still to be reported */
    for (struct task *task = first; task; task = task->sibling)
        task_hurry_marked(task, "the function that spawned it has ended");
    for (struct task *task = first; task; task = task->sibling)
        task->asked = false;
}

static void end_children(void **children)
{
    struct task *self = current.task;
    for (struct task *task = *children; self && task; task = task->sibling)
        circle_break(self, task);
    cancel_children(*children);
    while (*children) {
        struct task *task = *children;
        if (self) {
            circle_break(self, task);
            task_wait_end(self, task, false);
        }
        task_disown(task);
        task->consumed = true;
        task_unref(task);
    }
}

static const char *const frame_end_is_linked __attribute__((used)) = &frame_end_file;

/*
 * After a plain return the body's frame lies below the stack pointer, unused but whole: the tasks that were lent its
 * locals still end cleanly, for eddy_frame_end goes on below the lowest address that the body had reached when it
 * spawned.  (For the same reason a body that spawns is never inlined: see ED_NEVER_INLINED in macros.h.)
 */
void frame_end_below(struct task *first, char *caller)
{
    int saved = errno;
    struct fake_frame frame = first->fake_frame;
    bool kept = fake_frame_keep(frame);
    if (first->spawn_frame < caller)
        switch_unpoison(first->spawn_frame, (size_t)(caller - first->spawn_frame));
    end_children(first->sibling_link);
    if (kept)
        fake_frame_give(frame);
    errno = saved;
}

/* ---- spawn ---- */

/* A loop of tasks that end at once meets a pending request at the await of one that did not. */
static bool may_go_on(const struct task *self)
{
    return !self->must_cancel || self->at_once < TASK_AWAITS_AT_ONCE;
}

/* Runs it up to its first wait; the spawner is the very next to go on. */
static void run_eagerly(struct task *self, struct task *task)
{
    struct eddy_loop *loop = self->loop;
    if (!task_prepare(task))
        return;
    self->ready.queued = true;
    self->ready.next = loop->batch;
    loop->batch = &self->ready;
    self->saved_errno = errno;
    current.task = task;
    switch_to(&self->point, &task->point);
}

/* Inlined into a body, by link-time optimisation, its frame would be the body's: spawn_frame has to lie below that. */
__attribute__((noinline)) void *eddy_spawn_copy_with(const void *coroutine, size_t size, void **children,
                                                     const struct eddy_site *site, const eddy_spawn_options *options)
{
    struct eddy_loop *loop = current.loop;
    EDDY_ASSERT(loop, "%s:%d: spawn needs a running loop: call it from what eddy_run runs",
                site && site->file ? site->file : "?", site ? site->line : 0);
    struct level *outer = current.task ? current.task->level : NULL;
    struct task *task = task_new(loop, outer, coroutine, size, site);
    if (!task) {
        EDDY_ASSERT(size <= sizeof no_memory.handle, "no memory for a task of %zu bytes", size);
        loop->unspawned++;
        value_destroy((struct eddy_awaitable *)(uintptr_t)coroutine);
        return task_handle(no_memory_task());
    }
    task->spawn_frame = __builtin_frame_address(0);
    task->fake_frame = fake_frame_of(coroutine);
    if (!children && current.task)
        children = &current.task->children;
    if (children)
        task_own(task, children);
    if (options && options->name)
        task_set_name(task, options->name);
    if (options && options->stack_size)
        task->stack_size = options->stack_size < UINT32_MAX ? (uint32_t)options->stack_size : UINT32_MAX;
    if (options && options->eager && current.task && may_go_on(current.task) && task_core(task)->type->run)
        run_eagerly(current.task, task);
    else
        task_wake(task);
    return task_handle(task);
}

void *eddy_spawn_copy(const void *coroutine, size_t size, void **children, const struct eddy_site *site,
                      unsigned flags)
{
    static const eddy_spawn_options eager = {.size = sizeof eager, .eager = true};
    return eddy_spawn_copy_with(coroutine, size, children, site, flags & ED_SPAWN_EAGER ? &eager : NULL);
}
