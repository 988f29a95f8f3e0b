/* SPDX-License-Identifier: MIT */
/* enter.c - a thread begins and ends running a loop. The invariant is in enter.h. */
#include "core/enter.h"

#include <errno.h>
#include <stdio.h>

#include "core/failure.h"
#include "core/loop.h"
#include "core/report.h"
#include "os/memory.h"
#include "os/stack.h"
#include "os/thread.h"

/* For the report of a stack overflow. */
static void name_owner(void *owner, char *buffer, size_t size)
{
    struct task *task = owner ? owner : current.caller;
    const char *how = owner ? "" : "eddy_call_on_big_stack of ";
    if (!task)
        snprintf(buffer, size, "%s", current.loop ? "a callback of the loop" : "");
    else if (task->name)
        snprintf(buffer, size, "%stask \"%s\"", how, task->name);
    else
        snprintf(buffer, size, "%stask \"%.48s-%u\"", how, task_core(task)->type->name, task->id);
}

int eddy_no_fault_handler(void)
{
    return stack_refuse_handler() ? 0 : EBUSY;
}

struct eddy_failure *loop_driver_failed(const struct eddy_loop *loop)
{
    if (loop->driver->forked)
        return failure_of(EDDY_NO_LOOP, "this process was forked inside of the event loop, which is its parent's");
    return failure_of(loop->broken, "the %s driver of the event loop failed", loop->driver->type->name);
}

void loop_begin_look(struct eddy_loop *loop, struct before *before)
{
    before->current = current;
    before->allocator = memory_use(loop->options.allocator);
    before->sigpipe = sigpipe_as_it_is();
    current.loop = loop;
    current.task = NULL;
}

void loop_begin_run(struct eddy_loop *loop, struct before *before)
{
    loop_begin_visit(loop, before);
    before->sigpipe = loop->sigpipe = sigpipe_block();
}

void loop_begin_visit(struct eddy_loop *loop, struct before *before)
{
    loop_begin_look(loop, before);
    loop->sigpipe = before->sigpipe;
    stack_set_namer(name_owner);
    stack_watch_overflow(!loop->options.no_signals);
    loop->error = &errno;
    __atomic_store_n(&loop->current, &current, __ATOMIC_RELEASE);
}

void loop_end_run(struct eddy_loop *loop, const struct before *before)
{
    if (loop) {
        loop->current = &loop_at_rest;
        __atomic_store_n(&loop->runs, false, __ATOMIC_RELEASE);
    }
    memory_use(before->allocator);
    current.loop = before->current.loop;
    current.task = before->current.task;
    sigpipe_restore(&before->sigpipe);
}

/* A stack belongs to the thread that it began on: a task's code may hold addresses of that thread's variables. */
static struct eddy_failure *move_here(struct eddy_loop *loop)
{
    if (loop->thread == thread_number())
        return NULL;
    if (loop->task_count || loop->async_generators)
        return failure_of(EDDY_LOOP_RUNNING, "the loop cannot go on on another thread: %zu of its tasks have not ended",
                          loop->task_count);
    int error = driver_move(loop->driver);
    if (error)
        return failure_of(error, "the loop cannot go on on another thread: %s",
                          error == EBUSY ? "sockets of it are open, or operations under way" : "its driver cannot");
    loop->thread = thread_number();
    return NULL;
}

int loop_refusal(struct eddy_failure *failure)
{
    int code = failure->code;
    if (code != EDDY_NO_LOOP)
        report_print(failure);
    failure_unref(failure);
    return code;
}

struct eddy_failure *loop_check_thread(void)
{
    if (current.loop && !current.loop->driver->forked)
        return failure_of(EDDY_LOOP_RUNNING, "%s", "await the coroutine, or spawn it");
    return NULL;
}

struct eddy_failure *loop_claim(const eddy_loop *name, struct eddy_loop **loop)
{
    struct eddy_failure *failure = loop_check_thread();
    if (failure)
        return failure;
    *loop = loop_enter(name);
    if (!*loop)
        return failure_of(EDDY_NO_LOOP, "the loop has been closed, or is that of another process");
    loop_leave(name);
    if (__atomic_exchange_n(&(*loop)->runs, true, __ATOMIC_ACQUIRE))
        return failure_of(EDDY_LOOP_RUNNING, "the loop runs already, on another thread");
    failure = move_here(*loop);
    if (failure)
        __atomic_store_n(&(*loop)->runs, false, __ATOMIC_RELEASE);
    return failure;
}
