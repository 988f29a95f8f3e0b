/* SPDX-License-Identifier: MIT */
/* wrong_loop.c - see wrong_loop.h. */
#include "core/wrong_loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/failure.h"
#include "core/future.h"
#include "core/loop.h"
#include "core/report.h"
#include "os/memory.h"

enum { SENTENCES = 100 };

/* ==== saying so ==== */

void wrong_loop_say(const char *format, ...)
{
    static int said; /* atomic */
    char text[400];
    va_list arguments;
    if (__atomic_fetch_add(&said, 1, __ATOMIC_RELAXED) >= SENTENCES) {
        __atomic_store_n(&said, SENTENCES, __ATOMIC_RELAXED);
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report_line("eddy: %s", text);
}

struct eddy_failure *wrong_loop_failure(const char *what)
{
    return failure_of(EDDY_WRONG_LOOP,
                      "%s belongs to the loop of another thread: use it there, by eddy_call_soon_threadsafe or "
                      "eddy_run_coroutine_threadsafe",
                      what);
}

/* Its place only: its name may be changed by its own thread meanwhile. */
static void say_passed_on(const struct task *task, const char *what)
{
    const struct eddy_site *site = task->site;
    wrong_loop_say("%s of the task that was spawned at %s:%d was called for by a thread that does not run its loop; it "
                   "is passed on. Do so in the program: eddy_call_soon_threadsafe(loop, function, argument)",
                   what, site && site->file ? site->file : "(the library)", site ? site->line : 0);
}

/* ==== whose it is ==== */

bool awaitable_is_ours(const struct eddy_awaitable *a)
{
    if (!handle_is_task(a))
        return future_is_ours(a);
    const struct task *task = task_of_handle(a);
    return task->loop == current.loop || task->state == TASK_DONE;
}

bool awaitables_are_ours(const void *array, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eddy_awaitable *a;
        memcpy(&a, (const char *)array + i * sizeof a, sizeof a);
        if (!awaitable_is_done(a) && !awaitable_is_ours(a))
            return false;
    }
    return true;
}

bool awaitable_check_ours(const struct eddy_awaitable *a, const char *call)
{
    if (__builtin_expect(awaitable_is_ours(a), 1))
        return true;
    wrong_loop_say("%s of a %s that belongs to the loop of another thread did nothing: call it there, by "
                   "eddy_call_soon_threadsafe(loop, function, argument)",
                   call, handle_is_task(a) ? "task" : "future");
    return false;
}

bool loop_check_ours(const struct eddy_loop *loop, const char *call, const char *what)
{
    if (__builtin_expect(loop == current.loop, 1))
        return true;
    wrong_loop_say("%s of a %s of another thread's loop did nothing: call it there, by "
                   "eddy_call_soon_threadsafe(loop, function, argument)",
                   call, what);
    return false;
}

/* ==== passing it on ==== */

struct passed {
    struct remote_call call;
    struct eddy_awaitable *a;
    struct task *task;
    struct eddy_failure *failure;
    void (*end)(struct eddy_awaitable *a, struct eddy_failure *failure);
};

/* By the loop's name, for it may end by this very call.  Without memory the sentence is all.  False: it has ended,
 * and the failure is still the caller's. */
static bool pass(eddy_loop *name, struct passed what, void (*function)(void *))
{
    struct eddy_loop *loop = loop_enter(name);
    struct passed *passed = loop ? memory_alloc(sizeof *passed) : NULL;
    if (passed) {
        *passed = what;
        passed->call = (struct remote_call){.function = function, .argument = passed};
        loop_post(loop, &passed->call);
    }
    if (loop)
        loop_leave(name);
    if (loop && !passed)
        failure_unref(what.failure);
    return loop != NULL;
}

static struct passed take(void *argument)
{
    struct passed passed = *(struct passed *)argument;
    memory_free(argument);
    return passed;
}

/* Meanwhile the task may have ended, and with it the memory of what it waited for. */
static void complete_here(void *argument)
{
    struct passed passed = take(argument);
    for (struct task *task = current.loop->tasks; task; task = task->next)
        if (task->waits_for == passed.a && passed.a->awaitable.state == EDDY_RUNNING) {
            native_complete(passed.a, passed.failure);
            return;
        }
    failure_unref(passed.failure);
}

void wrong_loop_complete(struct eddy_awaitable *a, struct eddy_failure *failure)
{
    struct task *task = owner_of(a);
    char what[80];
    snprintf(what, sizeof what, "the end of the wait (%s)", a->awaitable.type->name);
    say_passed_on(task, what);
    if (!pass(task->loop->name, (struct passed){.a = a, .failure = failure}, complete_here))
        failure_unref(failure);
}

static void end_here(void *argument)
{
    struct passed passed = take(argument);
    if (passed.a->awaitable.state == EDDY_RUNNING)
        passed.end(passed.a, passed.failure);
    else
        failure_unref(passed.failure);
}

void wrong_loop_end_future(struct eddy_awaitable *a, struct eddy_failure *failure,
                           void (*end)(struct eddy_awaitable *a, struct eddy_failure *failure))
{
    eddy_loop *name = future_of_handle(a)->loop;
    wrong_loop_say("a future was ended by a thread that does not run its loop; it is passed on to that. Do so in the "
                   "program: eddy_call_soon_threadsafe(loop, function, argument)");
    if (!pass(name, (struct passed){.a = a, .failure = failure, .end = end}, end_here))
        end(a, failure);
}

static void cancel_here(void *argument)
{
    struct passed passed = take(argument);
    struct task *task = current.loop->tasks;
    while (task && task != passed.task)
        task = task->next;
    if (task)
        task_cancel(task, "cancelled from another thread");
}

void wrong_loop_cancel(struct task *task)
{
    say_passed_on(task, "eddy_cancel");
    pass(task->loop->name, (struct passed){.task = task}, cancel_here);
}
