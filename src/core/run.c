/* SPDX-License-Identifier: MIT */
/*
 * run.c - opening a loop, running main tasks, and closing it; eddy_run does all three. Invariant: a run ends when
 * its main task has ended; the loop's other tasks go on in the next run, or end when the loop is closed.
 */
#define _GNU_SOURCE /* gettid */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/context_var.h"
#include "core/enter.h"
#include "core/failure.h"
#include "core/life.h"
#include "core/loop.h"
#include "core/loop_end.h"
#include "core/report.h"
#include "core/sched.h"
#include "eddy/generator.h"
#include "eddy/macros.h"
#include "os/memory.h"

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

/* Only the first thread's loop, and only if neither the program nor a loop has a handler of its own. A program on
 * several cores watches its signals itself. */
static bool watch_interrupts(struct eddy_loop *loop)
{
    loop->interrupts = (struct signal_watch){.number = SIGINT, .fallback = true, .arrived = on_interrupt};
    return !loop->core && !loop->options.no_signals && gettid() == getpid() &&
           signal_watch_add(&loop->interrupts) == 0;
}

static bool main_is_done(void *loop)
{
    return ((struct eddy_loop *)loop)->main->state == TASK_DONE;
}

static void note_end_of_main(struct watch *watch)
{
    current.loop->returns = true; /* tasks that switch to each other must return to the loop */
    watch->link = NULL;
}

/* The variables that the last main task of this loop had at its end are those that the next one begins with. */
static void give_variables(struct eddy_loop *loop, struct task *main_task)
{
    if (!loop->has_variables)
        return;
    context_unref(main_task->context);
    main_task->context = context_ref(loop->variables);
}

static void keep_variables(struct eddy_loop *loop, struct task *main_task)
{
    context_unref(loop->variables);
    loop->variables = context_ref(main_task->context);
    loop->has_variables = true;
}

/* The failure of the main task; NULL: it succeeded. */
static struct eddy_failure *run_main_task(struct eddy_loop *loop, struct task *main_task)
{
    struct watch watch = {0};
    give_variables(loop, main_task);
    watch_add(&main_task->watches, &watch, note_end_of_main);
    task_wake(main_task);
    if (!loop_run_until(loop, main_is_done, loop)) {
        watch_remove(&main_task->watches, &watch);
        return loop_driver_failed(loop);
    }
    keep_variables(loop, main_task);
    struct eddy_failure *failure = task_core(main_task)->failure;
    task_core(main_task)->failure = NULL;
    return failure;
}

static struct eddy_failure *why_no_loop(const eddy_loop_options *options, int error)
{
    if (error == ENOMEM)
        return &failure_no_memory;
    if (error == ENOTSUP && options && options->hibernation)
        return failure_of(error, "the stacks of tasks cannot hibernate: %s", hibernation_refusal(options));
    const char *name = options && options->driver && options->driver[0] ? options->driver : getenv("EDDY_DRIVER");
    if (name && !name[0])
        name = NULL;
    char why[160];
    int refused;
    driver_refusal(why, sizeof why, &refused);
    if (name && strcmp(name, driver_uring.name) == 0 && refused)
        return failure_of(error, "the event loop's driver \"%s\" is not available: %s", name, why);
    if (name && !driver_is_known(name))
        return failure_of(error,
                          "there is no driver \"%s\": set EDDY_DRIVER (or eddy_loop_options.driver) to uring, epoll "
                          "or sim", name);
    if (name && strcmp(name, driver_sim.name) == 0 && error == EINVAL)
        return failure_of(error,
                          "the simulation cannot begin: EDDY_SEED has to be a number, and EDDY_SIM_WEATHER a name such "
                          "as storm or numbers such as reset=0.01 latency=0.02 (eddy help run)");
    return failure_of(error, "the event loop's driver \"%s\" is not available", name ? name : "epoll");
}

/* ---- opening, closing ---- */

struct eddy_failure *loop_check_build(const struct eddy_build *build)
{
    static const struct eddy_build own = EDDY_BUILD;
    if (build->version >> 8 == own.version >> 8 && build->awaitable_size == own.awaitable_size &&
        build->generator_size == own.generator_size)
        return NULL;
    return failure_of(EDDY_VERSION_MISMATCH,
                      "the program was compiled with the headers of %u.%u.%u and runs with another build of the "
                      "library, %s: compile it again",
                      build->version >> 16, build->version >> 8 & 255, build->version & 255, EDDY_VERSION_STRING);
}

struct eddy_loop *loop_open_named(const eddy_loop_options *options, bool moves, struct eddy_failure **failure)
{
    if (options && (options->size == 0 || options->size > sizeof *options)) {
        *failure = failure_of(EINVAL, "eddy_loop_options.size must be sizeof(eddy_loop_options)");
        return NULL;
    }
    int error = 0;
    const struct eddy_allocator *before = memory_use(options ? options->allocator : NULL);
    struct eddy_loop *loop = loop_open(options, moves, &error);
    memory_use(before);
    if (!loop) {
        *failure = why_no_loop(options, error);
        return NULL;
    }
    loop_register(loop);
    return loop;
}

/* On the thread that runs it, after loop_finish. */
static void free_loop(struct eddy_loop *loop)
{
    if (loop->driver->forked)
        return;
    loop_unregister(loop);
    loop_closers_run(loop);
    fd_watches_free(loop);
    context_unref(loop->variables);
    loop_close(loop);
}

/* *err gets the failure; err NULL: it is printed. */
static void tell(struct eddy_failure *failure, eddy_error *err)
{
    if (!failure)
        return;
    if (err) {
        eddy_failure_catch(failure, err);
        return;
    }
    struct sigpipe sigpipe = sigpipe_block();
    report_print(failure);
    failure_unref(failure);
    sigpipe_restore(&sigpipe);
}

eddy_loop *eddy_loop_open(const eddy_loop_options *options, eddy_error *err)
{
    struct eddy_failure *failure = NULL;
    if (err)
        eddy_error_cleared(err);
    struct eddy_loop *loop = loop_open_named(options, true, &failure);
    tell(failure, err);
    return loop ? loop->name : NULL;
}

int eddy_loop_close(eddy_loop *name)
{
    struct eddy_loop *loop;
    struct before before;
    if (!name)
        return 0;
    struct eddy_failure *failure = loop_claim(name, &loop);
    if (failure)
        return loop_refusal(failure);
    loop_begin_run(loop, &before);
    loop_finish(loop);
    free_loop(loop);
    loop_end_run(NULL, &before);
    return 0;
}

/* ---- running ---- */

/* Where the macros want the result of a coroutine, and where they were called. */
struct main_call {
    struct eddy_awaitable *coroutine;
    size_t size, result_offset, result_size;
    const struct eddy_site *site;
};

/* The coroutine is not run, and what its value owns is freed, unless it comes from another build and may have
 * another shape. */
static void refuse_main(const struct main_call *call, struct eddy_failure *failure, eddy_error *err)
{
    if (failure->code != EDDY_VERSION_MISMATCH)
        value_destroy(call->coroutine);
    tell(failure, err);
}

/* True: the request was delivered, no other was made, and the main task ended by it. */
static bool ended_by_interrupt(const struct eddy_loop *loop, struct task *task)
{
    return loop->interrupted_main && task->obeyed && task_withdraw(task, loop->interruption) == 0;
}

/* The next SIGINT does not concern this run. */
static void end_interrupts(struct eddy_loop *loop, bool watches)
{
    if (watches)
        signal_watch_remove(&loop->interrupts);
    loop->interrupted = 0;
    loop->interrupted_main = false;
}

/* Runs a copy of the coroutine on a loop that this thread runs; *code: the exit status. */
static struct eddy_failure *run_main(struct eddy_loop *loop, const struct main_call *call, int *code)
{
    struct task *task = loop->broken ? NULL : task_new(loop, NULL, call->coroutine, call->size, call->site);
    *code = EXIT_FAILED;
    loop->returns = loop->driver->virtual_time;
    loop->main = task;
    if (!task) {
        value_destroy(call->coroutine);
        return loop->broken ? loop_driver_failed(loop) : &failure_no_memory;
    }
    if (loop->main_name)
        task_set_name(task, loop->main_name);
    struct eddy_failure *failure = run_main_task(loop, task);
    *code = !failure ? 0 : ended_by_interrupt(loop, task) ? EXIT_INTERRUPTED : EXIT_FAILED;
    memcpy((char *)call->coroutine + call->result_offset, (char *)task_handle(task) + call->result_offset,
           call->result_size);
    task->has_result = false;
    task_unref(task);
    loop->main = NULL;
    return failure;
}

int eddy_loop_run_main(eddy_loop *name, void *coroutine, size_t size, size_t result_offset, size_t result_size,
                       const struct eddy_build *build, eddy_error *err, const struct eddy_site *site)
{
    struct main_call call = {coroutine, size, result_offset, result_size, site};
    struct eddy_loop *loop;
    struct before before;
    int code = EXIT_FAILED;
    if (err)
        eddy_error_cleared(err);
    struct eddy_failure *failure = loop_check_build(build);
    if (failure || (failure = loop_claim(name, &loop))) {
        refuse_main(&call, failure, err);
        return code;
    }
    loop_begin_run(loop, &before);
    bool watches = watch_interrupts(loop);
    failure = run_main(loop, &call, &code);
    end_interrupts(loop, watches);
    tell(failure, err);
    loop_end_run(loop, &before);
    return code;
}

static bool is_stopped_or_interrupted(void *argument)
{
    struct eddy_loop *loop = argument;
    return loop->stopped || loop->interrupted_main;
}

int eddy_loop_run_forever(eddy_loop *name)
{
    struct eddy_loop *loop;
    struct before before;
    struct eddy_failure *failure = loop_claim(name, &loop);
    if (failure)
        return loop_refusal(failure);
    loop_begin_run(loop, &before);
    bool watches = watch_interrupts(loop);
    loop->returns = loop->stopped || loop->driver->virtual_time;
    if (loop->stopped)
        loop_step(loop, 0); /* stopped already: one pass */
    else
        loop_run_until(loop, is_stopped_or_interrupted, loop);
    int error = loop->broken ? loop->broken : loop->interrupted_main ? EINTR : 0;
    loop->stopped = false;
    end_interrupts(loop, watches);
    loop_end_run(loop, &before);
    return error;
}

static void stop_now(void *argument)
{
    struct eddy_loop *loop = argument;
    loop->stopped = loop->returns = true;
}

int eddy_loop_stop(eddy_loop *name)
{
    if (current.loop && current.loop->name == name) {
        stop_now(current.loop);
        return 0;
    }
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return EDDY_NO_LOOP;
    int error = (eddy_call_soon_threadsafe)(name, stop_now, loop); /* the loop makes it, so the pointer is valid then */
    loop_leave(name);
    return error;
}

int eddy_run_main(void *coroutine, size_t size, size_t result_offset, size_t result_size,
                  const eddy_loop_options *options, const struct eddy_build *build, eddy_error *err,
                  const struct eddy_site *site)
{
    struct main_call call = {coroutine, size, result_offset, result_size, site};
    struct before before;
    struct eddy_loop *loop = NULL;
    int code = EXIT_FAILED;
    struct eddy_failure *failure = loop_check_build(build);
    if (!failure && !(failure = loop_check_thread()) && (loop = loop_open_named(options, false, &failure)))
        loop->runs = true;
    if (!loop) {
        refuse_main(&call, failure, err);
        return code;
    }
    loop_begin_run(loop, &before);
    bool watches = watch_interrupts(loop);
    failure = run_main(loop, &call, &code);
    /* A user who interrupts a run with a seed wants to know where it hangs. */
    if (failure && !err && (code == EXIT_FAILED || loop->driver->seed))
        report_print(failure);
    loop_finish(loop);
    end_interrupts(loop, watches);
    free_loop(loop);
    loop_end_run(NULL, &before);
    if (err)
        tell(failure, err);
    else
        failure_unref(failure);
    return failure ? code : 0;
}
