/* SPDX-License-Identifier: MIT */
/*
 * loop_end.c - the end of a loop: nothing that ran on it is left.
 *
 * The order: remaining tasks are cancelled and waited for; async generators left open are closed; operations without
 * a task are cancelled, and complete; the thread pools end; other threads' calls are taken a last time, and results
 * that wait for those threads are closed. A loop whose driver has failed cannot wait any more: its tasks are left as
 * they are, which is reported.
 */
#include "core/loop_end.h"

#include <stdlib.h>
#include <string.h>

#include "core/cancel.h"
#include "core/callback_operation.h"
#include "core/current.h"
#include "core/generator.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/report.h"
#include "core/sched.h"
#include "os/clock.h"

/* ---- tasks ---- */

static void cancel_all(struct eddy_loop *loop, const char *reason)
{
    for (struct task *task = loop->tasks; task; task = task->next)
        task->asked = true;
    for (struct task *task = loop->tasks; task; task = task->next)
        task_cancel_marked(task, reason);
    for (struct task *task = loop->tasks; task; task = task->next)
        task->asked = false;
}

static void report_alive(struct eddy_loop *loop, const char *what)
{
    for (struct task *task = loop->tasks; task; task = task->next)
        report_line("eddy: task \"%s\" %s; it was spawned at %s:%d", task_name(task), what,
                    task->site && task->site->file ? task->site->file : "(the library)",
                    task->site ? task->site->line : 0);
}

static bool no_tasks(void *loop)
{
    return ((struct eddy_loop *)loop)->tasks == NULL;
}

/* Gives the tasks some time to end. */
struct grace {
    struct eddy_loop *loop;
    struct timer timer;
    bool over;
};

static void end_grace(struct timer *timer)
{
    container_of(timer, struct grace, timer)->over = true;
}

static bool no_tasks_or_over(void *argument)
{
    struct grace *grace = argument;
    return grace->over || no_tasks(grace->loop);
}

/* A task may swallow a cancellation and go on: it is cancelled again each second, so that no task makes the program
 * hang. */
static void end_tasks(struct eddy_loop *loop)
{
    if (loop->debug && loop->tasks)
        report_alive(loop, "was still alive when the main task ended");
    for (int round = 0; loop->tasks; round++) {
        struct grace grace = {.loop = loop};
        cancel_all(loop, "the main task has ended");
        bool limited = timer_set(&loop->timers, &grace.timer,
                                 clock_add(driver_now(loop->driver), CLOCK_SECOND), end_grace);
        loop_run_until(loop, limited ? no_tasks_or_over : no_tasks, limited ? (void *)&grace : (void *)loop);
        timer_cancel(&loop->timers, &grace.timer);
        if (loop->broken)
            return;
        if (round == 4)
            report_alive(loop, "does not end although it was cancelled");
    }
}

static void run_closer(struct eddy_awaitable *a)
{
    (void)a;
    async_generators_close(current.loop);
}

static void close_async_generators(struct eddy_loop *loop)
{
    static const struct eddy_awaitable_type closer_type = {
        .name = "close_async_generators", .run = run_closer, .kind = EDDY_COROUTINE};
    eddy_awaitable closer = {.awaitable = {.type = &closer_type}};
    if (!loop->async_generators)
        return;
    struct task *task = task_new(loop, NULL, &closer, sizeof closer, NULL);
    if (task) {
        task_wake(task);
        loop_run_until(loop, no_tasks, loop);
        task->seen = true; /* it fails only if there is no memory for a stack, which is reported below */
        task_unref(task);
    }
    end_tasks(loop);
    async_generators_drop(loop);
}

static void free_pools(struct eddy_loop *loop)
{
    for (int i = 0; i < POOLS; i++) {
        thread_pool_free(loop->pools[i]);
        loop->pools[i] = NULL;
    }
}

/* Handles the last calls of other threads: their coroutines are cancelled. Threads that go on posting do not keep
 * the loop running: once its tasks have ended, only calls of its own pools are taken. */
static void end_threads(struct eddy_loop *loop)
{
    free_pools(loop);
    loop_drain_inbox(loop);
    end_tasks(loop);
    loop_end_posts(loop);
    do {
        end_tasks(loop);
        free_pools(loop);
        loop_drain_inbox(loop);
        remotes_end(loop);
    } while (loop->tasks && !loop->broken);
}

void loop_finish(struct eddy_loop *loop)
{
    loop->closing = loop->returns = true;
    if (loop->driver->forked) /* the tasks belong to its parent, and so does their clean-up */
        return;
    end_tasks(loop);
    close_async_generators(loop);
    callback_operations_end(loop);
    end_threads(loop);
    if (loop->broken && loop->tasks)
        report_alive(loop, "is left as it is, since the driver of its loop has failed");
    if (loop->unspawned)
        report_line("eddy: %zu tasks were not spawned because there was no memory, and they were not awaited",
                    loop->unspawned);
}
