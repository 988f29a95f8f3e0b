/* SPDX-License-Identifier: MIT */
/* task_api.c - the calls of programs on a task or future: names, states, cancel, detach, callbacks. */
#include "base/assert.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/level.h"
#include "core/loop.h"
#include "core/pass_on.h"
#include "core/sched.h"
#include "core/task.h"
#include "core/wrong_loop.h"
#include "os/memory.h"

static struct eddy_awaitable *handle_of(const void *t, const char *what)
{
    struct eddy_awaitable *a = (struct eddy_awaitable *)(uintptr_t)t;
    EDDY_ASSERT(a && (a->awaitable.flags & (ED_FLAG_TASK | ED_FLAG_FUTURE)),
                "%s needs a task that was spawned, or a future", what);
    return a;
}

static struct task *task_of(const void *t, const char *what)
{
    struct eddy_awaitable *a = handle_of(t, what);
    EDDY_ASSERT(handle_is_task(a), "%s needs a task", what);
    return task_of_handle(a);
}

bool(eddy_cancel)(void *t, const char *reason)
{
    struct eddy_awaitable *a = handle_of(t, "eddy_cancel");
    if (!handle_is_task(a))
        return future_cancel(a, reason);
    if (__builtin_expect(task_of_handle(a)->loop == current.loop, 1) || awaitable_is_ours(a))
        return task_cancel(task_of_handle(a), reason);
    pass_on_cancel(task_of_handle(a), task_cancel);
    return true;
}

int(eddy_uncancel)(void *t)
{
    struct task *task = task_of(t, "eddy_uncancel");
    if (!awaitable_check_ours(t, "eddy_uncancel"))
        return task->cancels;
    if (task->cancels > 0)
        task->cancels--;
    if (task->undelivered > task->cancels)
        task->undelivered = task->cancels;
    if (task->cancels == 0 && !level_reaches(task))
        task->must_cancel = false;
    return task->cancels;
}

int(eddy_cancelling)(const void *t)
{
    return task_of(t, "eddy_cancelling")->cancels;
}

bool(eddy_cancelled)(const void *t)
{
    struct eddy_awaitable *a = handle_of(t, "eddy_cancelled");
    return handle_is_task(a) ? task_of_handle(a)->cancelled : future_of_handle(a)->cancelled;
}

bool(eddy_done)(const void *t)
{
    return awaitable_is_done(handle_of(t, "eddy_done"));
}

void(eddy_detach)(void *t)
{
    eddy_detach_at(t, NULL);
}

void eddy_detach_at(void *t, const struct eddy_site *site)
{
    struct task *task = task_of(t, "eddy_detach");
    if (task_core(task)->failure == &failure_no_memory && task->loop == NULL)
        return; /* spawned without memory: there is nothing to give up */
    if (!awaitable_check_ours(t, "eddy_detach"))
        return;
    task_check_unused(task, site);
    level_leave(task);
    task_give_up_handle_at(task, site);
}

void *(eddy_keep)(void *t)
{
    struct task *task = task_of(t, "eddy_keep");
    if (!awaitable_check_ours(t, "eddy_keep"))
        return t;
    task_disown(task);
    level_leave(task);
    return t;
}

void(eddy_task_set_name)(void *t, const char *name)
{
    struct task *task = task_of(t, "eddy_task_set_name");
    if (task->loop) /* otherwise it was spawned without memory */
        task_set_name(task, name);
}

const char *(eddy_task_name)(const void *t)
{
    struct task *task = task_of(t, "eddy_task_name");
    return task->loop ? task_name(task) : "(no memory)";
}

const struct eddy_site *(eddy_task_site)(const void *t)
{
    return task_of(t, "eddy_task_site")->site;
}

eddy_task *eddy_current_task(void)
{
    return current.task ? (eddy_task *)(void *)task_handle(current.task) : NULL;
}

size_t eddy_all_tasks(void (*visit)(eddy_task *task, void *argument), void *argument)
{
    struct eddy_loop *loop = current.loop;
    if (!loop)
        return 0;
    size_t count = loop->task_count;
    for (struct task *task = loop->tasks, *next; visit && task; task = next) {
        next = task->next;
        visit((eddy_task *)(void *)task_handle(task), argument);
    }
    return count;
}

/* ---- done callbacks ---- */

struct done_callback {
    struct watch watch;
    struct loop_call *call; /* to be made */
};

static void schedule(struct watch *watch)
{
    struct done_callback *callback = container_of(watch, struct done_callback, watch);
    sched_add(&current.loop->ready, &callback->call->ready);
    memory_free(callback);
}

int(eddy_add_done_callback)(void *t, void (*function)(void *), void *argument)
{
    struct eddy_awaitable *a = handle_of(t, "eddy_add_done_callback");
    if (!current.loop)
        return EDDY_NO_LOOP;
    if (!awaitable_is_ours(a))
        return EDDY_WRONG_LOOP;
    struct done_callback *callback = memory_alloc(sizeof *callback);
    struct loop_call *call = call_new(function, argument);
    if (!callback || !call) {
        memory_free(callback);
        call_free(call);
        return ENOMEM;
    }
    callback->call = call;
    callback->watch.link = NULL;
    if (awaitable_is_done(a)) {
        schedule(&callback->watch);
        return 0;
    }
    if (!handle_is_task(a)) /* the call is this loop's: from elsewhere the future is set by way of it */
        future_of_handle(a)->loop = current.loop->name;
    watch_add(watches_of(a), &callback->watch, schedule);
    return 0;
}

size_t(eddy_remove_done_callback)(void *t, void (*function)(void *), void *argument)
{
    struct eddy_awaitable *a = handle_of(t, "eddy_remove_done_callback");
    if (!awaitable_check_ours(a, "eddy_remove_done_callback"))
        return 0;
    struct watches *watches = watches_of(a);
    size_t removed = 0;
    for (struct watch *watch = watches->first, *next; watch; watch = next) {
        next = watch->next;
        struct done_callback *callback = container_of(watch, struct done_callback, watch);
        if (watch->fire != schedule || callback->call->function != function ||
            callback->call->argument != argument)
            continue;
        watch_remove(watches, watch);
        call_free(callback->call);
        memory_free(callback);
        removed++;
    }
    return removed;
}
