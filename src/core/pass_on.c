/* SPDX-License-Identifier: MIT */
/* pass_on.c - see pass_on.h. */
#include "core/pass_on.h"

#include <stdio.h>

#include "core/failure.h"
#include "core/future.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/wrong_loop.h"
#include "os/memory.h"

/* Names only the place: the task's own thread may change its name meanwhile. */
static void say_passed_on(const struct task *task, const char *what)
{
    const struct eddy_site *site = task->site;
    wrong_loop_say("%s of the task that was spawned at %s:%d was called on a thread that does not run its loop, and "
                   "was passed on to it. Do so in the program: eddy_call_soon_threadsafe(loop, function, argument)",
                   what, site && site->file ? site->file : "(the library)", site ? site->line : 0);
}

struct passed {
    struct remote_call call;
    struct eddy_awaitable *a;
    struct task *task;
    struct eddy_failure *failure;
    end_function *end;
    cancel_function *cancel;
};

/* Uses the loop's name, since the loop may end by this very call. Without memory only the message is printed. False:
 * it has ended, and the failure still belongs to the caller. */
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

/* Meanwhile the task may have ended, and the memory of the object that it waited for may be gone. */
static void complete_here(void *argument)
{
    struct passed passed = take(argument);
    for (struct task *task = current.loop->tasks; task; task = task->next)
        if (task->waits_for == passed.a && passed.a->awaitable.state == EDDY_RUNNING) {
            passed.end(passed.a, passed.failure);
            return;
        }
    failure_unref(passed.failure);
}

void pass_on_completion(struct eddy_awaitable *a, struct eddy_failure *failure, end_function *end)
{
    struct task *task = owner_of(a);
    char what[80];
    snprintf(what, sizeof what, "the end of the wait (%s)", a->awaitable.type->name);
    say_passed_on(task, what);
    if (!pass(task->loop->name, (struct passed){.a = a, .failure = failure, .end = end}, complete_here))
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

void pass_on_end_of_future(struct eddy_awaitable *a, struct eddy_failure *failure, end_function *end,
                           const struct eddy_site *site)
{
    eddy_loop *name = future_of_handle(a)->loop;
    char place[200] = "";
    if (site && site->file)
        snprintf(place, sizeof place, "%s:%d: ", site->file, site->line);
    wrong_loop_say("%sa future was set or cancelled on a thread that does not run its loop; the loop was told to do "
                   "so. Do it in the program: eddy_call_soon_threadsafe(loop, function, argument)", place);
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
        passed.cancel(task, "cancelled from another thread");
}

void pass_on_cancel(struct task *task, cancel_function *cancel)
{
    say_passed_on(task, "eddy_cancel");
    pass(task->loop->name, (struct passed){.task = task, .cancel = cancel}, cancel_here);
}
