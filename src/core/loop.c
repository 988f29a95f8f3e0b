/* SPDX-License-Identifier: MIT */
/* loop.c - passes: ready tasks and calls, then timers and I/O. The invariant is in loop.h. */
#include "core/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/shuffle.h"
#include "core/current.h"
#include "core/debug.h"
#include "core/failure.h"
#include "core/future.h"
#include "core/generator.h"
#include "core/life.h"
#include "core/report.h"
#include "core/sched.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/stack.h"

/* ---- one pass, on the loop's own stack ---- */

static void run_batch(struct eddy_loop *loop)
{
    while (loop->ready.batch) {
        struct task *task = loop_next_task(loop);
        if (task) {
            if (loop->debug)
                debug_step(loop->debug, task);
            current.task = task;
            *loop->error = task->saved_errno;
            switch_to(&loop->point, &task->point);
            continue;
        }
        if (!loop->ready.batch)
            break;
        struct ready *item = sched_take(&loop->ready);
        item->begin(item);
    }
}

/* In the simulation with a seed, ready tasks run in an order that the seed decides. */
static void shuffle_batch(struct eddy_loop *loop)
{
    _Static_assert(offsetof(struct ready, next) == 0, "a list that can be shuffled");
    struct shuffle_link *first = (struct shuffle_link *)(void *)loop->ready.batch;
    loop->ready.batch = (struct ready *)(void *)shuffle(first, &loop->random);
}

/* Memory that many tasks have left goes back to the system: at most once a second, since a stack that is in use may
 * hold many others. */
static void give_back_slack(struct eddy_loop *loop)
{
    int64_t now = driver_now(loop->driver);
    if (now < loop->rest_after)
        return;
    loop->rest_after = now + CLOCK_SECOND;
    stack_pool_trim();
    blocks_trim(&loop->blocks);
    calls_trim(&loop->calls);
    memory_give_back();
}

/* Enough passes for clean-up that does not wait; a task that never stops is left. */
enum { LAST_PASSES = 1000 };

/* The host's hooks are called around a wait that may sleep. Once the driver has failed it is not used again. */
static void wait_for_world(struct eddy_loop *loop, int64_t deadline)
{
    const struct eddy_loop_options *options = &loop->options;
    if (deadline && options->before_wait)
        options->before_wait(options->wait_argument);
    int error = driver_wait(loop->driver, deadline);
    if (error) {
        loop->broken = -error;
        loop->last_passes = LAST_PASSES;
    }
    if (deadline && options->after_wait)
        options->after_wait(options->wait_argument);
}

/* Handles timers and I/O: sleeps only if nothing is ready, and not beyond `limit`, a time of the driver's clock. */
static void look(struct eddy_loop *loop, int64_t limit)
{
    struct driver *driver = loop->driver;
    int64_t deadline = loop->ready.first ? 0 : timers_next(&loop->timers);
    if (limit < deadline)
        deadline = limit;
    if (deadline && (stack_pool_is_slack() || blocks_are_slack(&loop->blocks) || calls_are_slack(&loop->calls)))
        give_back_slack(loop);
    if (deadline && loop->hibernation.on)
        deadline = hibernation_look(loop, deadline);
    bool host_polls = limit != CLOCK_NEVER && !loop->entered; /* its descriptor may have been made readable */
    if (deadline || driver->in_flight || driver->virtual_time || host_polls)
        wait_for_world(loop, deadline);
    if (loop->broken) /* in a forked child, too: the timers belong to its parent */
        return;
    if (__atomic_load_n(&loop->inbox, __ATOMIC_RELAXED))
        loop_drain_inbox(loop);
    int64_t now = driver_now(driver);
    loop_note_look(loop, now);
    int64_t due = timers_next(&loop->timers);
    if (due <= now) {
        loop_note_lag(loop, now - due);
        loop->ready.due = loop->ready.end;
        timers_run(&loop->timers, now);
    }
    loop->timer_due = false;
}

static void obey_interrupt(struct eddy_loop *loop)
{
    loop->interrupted = 0;
    loop->interrupted_main = true; /* even if it has ended: the next SIGINT is not caught any more */
    if (loop->main && loop->main->state != TASK_DONE)
        loop->interruption = task_ask(loop->main, "interrupted by SIGINT", false);
}

static void run_ready(struct eddy_loop *loop)
{
    sched_begin_pass(&loop->ready);
    if (loop->driver->seed && loop->ready.batch)
        shuffle_batch(loop);
    run_batch(loop);
    if (loop->debug)
        debug_step(loop->debug, NULL);
    if (loop->interrupted)
        obey_interrupt(loop);
}

bool loop_run_until(struct eddy_loop *loop, bool (*done)(void *), void *argument)
{
    bool is_done = done(argument);
    while (!is_done) {
        if (loop->broken && (!loop->ready.first || loop->last_passes == 0))
            return false;
        loop->last_passes -= loop->broken != 0;
        run_ready(loop);
        is_done = done(argument);
        if (!is_done && !loop->broken)
            look(loop, CLOCK_NEVER);
    }
    return true;
}

void loop_step(struct eddy_loop *loop, int64_t limit)
{
    int64_t until = limit;
    if (limit != CLOCK_NEVER && limit > 0)
        until = clock_add(driver_now(loop->driver), limit);
    else if (limit == 0 && loop->driver->virtual_time && !loop->entered &&
             driver_host_waits(loop->driver, timers_next(&loop->timers)))
        until = CLOCK_NEVER - 1; /* virtual time passes without waiting, up to the next timer */
    if (!loop->broken)
        look(loop, until);
    run_ready(loop);
}

/* ---- open, close ---- */

static bool environment_says(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] && strcmp(value, "0") != 0;
}

/* Debug mode reports it, once a process. */
static void say_second_choice(void)
{
    static bool said;
    char why[160];
    int error;
    if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        report_line("eddy: the driver is epoll, since io_uring is not available: %s",
                    driver_refusal(why, sizeof why, &error));
}

struct eddy_loop *loop_open(const eddy_loop_options *options, bool moves, int *error)
{
    struct eddy_loop *loop = memory_alloc_zeroed(sizeof *loop);
    if (!loop) {
        *error = ENOMEM;
        return NULL;
    }
    if (options)
        memcpy(&loop->options, options, options->size < sizeof *options ? options->size : sizeof *options);
    *error = ENOMEM;
    int refusal = loop->options.hibernation ? hibernation_begin(loop) : 0;
    loop->hibernation.all = loop->hibernation.on;
    if (refusal)
        *error = refusal;
    else if (timers_init(&loop->timers))
        loop->driver = driver_open(loop->options.driver,
                                   &(struct driver_options){.seed = loop->options.seed, .moves = moves}, error);
    if (loop->driver && !(loop->name = (eddy_loop *)gate_open(loop))) {
        driver_close(loop->driver);
        loop->driver = NULL;
        *error = ENOMEM;
    }
    if (!loop->driver) {
        timers_free(&loop->timers);
        memory_free(loop);
        return NULL;
    }
    loop->ready.end = &loop->ready.first;
    loop->returns = loop->driver->virtual_time;
    __atomic_store_n(&assert_caller, report_caller, __ATOMIC_RELAXED); /* registered by each thread that has a loop */
    blocks_init(&loop->blocks);
    loop->random = loop->driver->seed;
    loop_note_look(loop, driver_now(loop->driver));
    if (loop->options.debug || environment_says("EDDY_DEBUG"))
        loop->debug = debug_begin(loop->options.slow_step);
    loop->careful = loop->debug != NULL;
    loop->enter = loop->options.stack_size || loop->hibernation.on ? NULL : task_entry;
    if (loop->debug && loop->driver->second_choice)
        say_second_choice();
    return loop;
}

void loop_closers_run(struct eddy_loop *loop)
{
    for (struct loop_closer *closer; (closer = LIST_FIRST(&loop->closers, struct loop_closer, link));)
        closer->close(closer);
}

/* Only memory of the loop itself: a program that has leaked a stream or a process is not reported here. */
static void check_nothing_left(const struct eddy_loop *loop)
{
    EDDY_ASSERT(!loop->tasks && !loop->task_count, "%zu tasks are left when their loop closes", loop->task_count);
    EDDY_ASSERT(!loop->to_ask && !loop->ask_next, "a request to cancel was not passed on");
    EDDY_ASSERT(!loop->calls.used, "%u calls of the loop are left when it closes", (unsigned)loop->calls.used);
    EDDY_ASSERT(!loop->async_generators && !loop->fd_watches.count && !loop->inbox,
                "something of the loop is left when it closes");
}

void loop_close(struct eddy_loop *loop)
{
    loop_closers_run(loop);
    sched_begin_pass(&loop->ready); /* calls that no task waits for any more */
    for (struct ready *item; (item = loop->ready.batch);) {
        loop->ready.batch = item->next;
        struct loop_call *call = container_of(item, struct loop_call, ready);
        if (item->begin == call_begin && call_is_embedded(call))
            call_begin(item); /* its owner knows that it is over, and frees it */
        else if (item->begin == call_begin)
            call_free(call);
        else if (item->begin == posted_begin)
            memory_free(item);
    }
    handles_free(loop);
    if (!loop->broken)
        check_nothing_left(loop);
    timers_free(&loop->timers);
    tasks_free(loop);
    blocks_trim(&loop->blocks);
    calls_free(&loop->calls);
    debug_end(loop->debug);
    driver_close(loop->driver);
    memory_free(loop);
    stack_pool_trim();
}

double eddy_time(void)
{
    int64_t now = current.loop ? driver_now(current.loop->driver) : clock_monotonic();
    return (double)now / (double)CLOCK_SECOND;
}

void eddy_sim_hold(eddy_loop *name)
{
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return;
    driver_count_up(&loop->driver->held);
    loop_leave(name);
}

void eddy_sim_release(eddy_loop *name)
{
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return;
    EDDY_ASSERT(__atomic_load_n(&loop->driver->held, __ATOMIC_RELAXED) > 0,
                "eddy_sim_release without an eddy_sim_hold before it");
    driver_count_down(&loop->driver->held);
    driver_wake(loop->driver);
    loop_leave(name);
}

void eddy_set_exception_handler(void (*function)(const eddy_error *error, void *argument), void *argument)
{
    EDDY_ASSERT(current.loop, "eddy_set_exception_handler needs a running loop");
    current.loop->options.exception_handler = function;
    current.loop->options.exception_argument = argument;
}
