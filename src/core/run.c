/* SPDX-License-Identifier: MIT */
/*
 * run.c - eddy_run: opens a loop, runs the main task, and leaves nothing behind.
 *
 * The order of the end: the main task has its result; what is left is cancelled and waited for; async generators
 * left open are closed; the thread pool ends; the loop closes.
 */
#define _GNU_SOURCE /* gettid */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/current.h"
#include "core/failure.h"
#include "core/generator.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/report.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/stack.h"

enum { EXIT_FAILED = 1, EXIT_INTERRUPTED = 130 };

/* ---- SIGINT ---- */

/* The first cancels the main task, at the loop's next look; a second one, or one during clean-up, ends the program. */
static void on_interrupt(struct signal_watch *watch)
{
    struct eddy_loop *loop = container_of(watch, struct eddy_loop, interrupts);
    if (loop->interrupted || loop->interrupted_main) {
        signal_give_way(SIGINT);
    } else {
        loop->interrupted = 1;
        driver_wake(loop->driver);
    }
}

/* Only the first thread's loop, and only if neither the program nor a loop has a handler of its own. */
static bool watch_interrupts(struct eddy_loop *loop)
{
    loop->interrupts = (struct signal_watch){.number = SIGINT, .fallback = true, .arrived = on_interrupt};
    return !loop->options.no_signals && gettid() == getpid() && signal_watch_add(&loop->interrupts) == 0;
}

/* ---- the end ---- */

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

/* Some time for the tasks to end in. */
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

/* A task may take a cancellation and go on: it is asked again each second, so that none makes the program hang. */
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
        task->seen = true; /* it fails only for want of a stack, which is told below */
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

/* What other threads still ask for is answered: their coroutines are cancelled.  Threads that go on asking do not keep
 * the loop: once its tasks have ended, only the calls of its own pools come in. */
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
    } while (loop->tasks);
}

static bool main_is_done(void *loop)
{
    return ((struct eddy_loop *)loop)->main->state == TASK_DONE;
}

static void note_end_of_main(struct watch *watch)
{
    current.loop->closing = true; /* tasks that hand over to each other must come back to the loop */
    watch->link = NULL;
}

/* The failure of the main task; NULL: it went well. */
static struct eddy_failure *run_main_task(struct eddy_loop *loop, struct task *main_task)
{
    struct watch watch = {0};
    watch_add(&main_task->watches, &watch, note_end_of_main);
    task_wake(main_task);
    loop_run_until(loop, main_is_done, loop);
    struct eddy_failure *failure = task_core(main_task)->failure;
    task_core(main_task)->failure = NULL;
    return failure;
}

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

/* ---- eddy_run ---- */

static struct eddy_failure *check(const eddy_loop_options *options, const struct eddy_build *build)
{
    static const struct eddy_build own = EDDY_BUILD;
    if (build->version >> 8 != own.version >> 8 || build->awaitable_size != own.awaitable_size ||
        build->generator_size != own.generator_size)
        return failure_of(EDDY_VERSION_MISMATCH,
                          "the program was compiled with the headers of %u.%u.%u and runs with another build of the "
                          "library, %s: compile it again",
                          build->version >> 16, build->version >> 8 & 255, build->version & 255,
                          EDDY_VERSION_STRING);
    if (options && (options->size == 0 || options->size > sizeof *options))
        return failure_of(EINVAL, "eddy_loop_options.size must be sizeof(eddy_loop_options)");
    if (current.loop && !current.loop->driver->forked)
        return failure_of(EDDY_LOOP_RUNNING, "%s", "await the coroutine, or spawn it");
    return NULL;
}

static struct eddy_failure *why_no_loop(const eddy_loop_options *options, int error)
{
    if (error == ENOMEM)
        return &failure_no_memory;
    const char *name = options && options->driver ? options->driver : getenv("EDDY_DRIVER");
    char why[160];
    int refused;
    driver_refusal(why, sizeof why, &refused);
    if (name && strcmp(name, driver_uring.name) == 0 && refused)
        return failure_of(error, "eddy_run: the event loop's driver \"%s\" cannot be had: %s", name, why);
    return failure_of(error, "eddy_run: the event loop's driver \"%s\" cannot be had", name ? name : "epoll");
}

/* The request was delivered, nobody else has made one, and the main task ended by it. */
static bool ended_by_interrupt(const struct eddy_loop *loop, struct task *task)
{
    return task && loop->interrupted_main && task->obeyed && task_withdraw(task, loop->interruption) == 0;
}

/* Runs it on an open loop, closes the loop; *code is the exit status. */
static struct eddy_failure *run_on(struct eddy_loop *loop, struct eddy_awaitable *coroutine, size_t size,
                                   size_t result_offset, size_t result_size, const struct eddy_site *site,
                                   bool prints, int *code)
{
    struct eddy_failure *failure = &failure_no_memory;
    current.loop = loop;
    loop_register(loop);
    bool watches = watch_interrupts(loop);
    struct task *task = loop->main = task_new(loop, NULL, coroutine, size, site);
    if (task)
        failure = run_main_task(loop, task);
    *code = !failure ? 0 : ended_by_interrupt(loop, task) ? EXIT_INTERRUPTED : EXIT_FAILED;
    /* Who interrupts a run with a seed wants to know where it hangs. */
    if (failure && prints && (*code == EXIT_FAILED || loop->driver->seed))
        report_print(failure);
    end_tasks(loop);
    close_async_generators(loop);
    if (task) {
        memcpy((char *)coroutine + result_offset, (char *)task_handle(task) + result_offset, result_size);
        task->has_result = false;
        task_unref(task);
    }
    end_threads(loop);
    if (loop->unspawned)
        report_line("eddy: for want of memory %zu tasks were not spawned, and nobody awaited them", loop->unspawned);
    if (watches)
        signal_watch_remove(&loop->interrupts);
    loop_unregister(loop);
    loop_closers_run(loop);
    fd_watches_free(loop);
    loop_close(loop);
    current.loop = NULL;
    return failure;
}

int eddy_run_main(void *coroutine, size_t size, size_t result_offset, size_t result_size,
                  const eddy_loop_options *options, const struct eddy_build *build, eddy_error *err,
                  const struct eddy_site *site)
{
    int code = EXIT_FAILED, error = 0;
    struct sigpipe sigpipe = sigpipe_block();
    struct eddy_failure *failure = check(options, build);
    if (!failure) {
        const struct eddy_allocator *before = memory_use(options ? options->allocator : NULL);
        struct current outer = current; /* in a forked child: where its parent was */
        current.task = NULL;
        struct eddy_loop *loop = loop_open(options, &error);
        stack_set_namer(name_owner);
        stack_watch_overflow(!options || !options->no_signals);
        if (loop) {
            loop->sigpipe = sigpipe;
            failure = run_on(loop, coroutine, size, result_offset, result_size, site, !err, &code);
        }
        memory_use(before);
        current.loop = outer.loop;
        current.task = outer.task;
        if (loop && !err) {
            failure_unref(failure);
            sigpipe_restore(&sigpipe);
            return code;
        }
        if (!loop)
            failure = why_no_loop(options, error);
    }
    if (err && failure)
        eddy_failure_catch(failure, err);
    else if (failure) {
        report_print(failure);
        failure_unref(failure);
    }
    sigpipe_restore(&sigpipe);
    return failure ? code : 0;
}
