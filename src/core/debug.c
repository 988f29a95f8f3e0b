/* SPDX-License-Identifier: MIT */
/*
 * debug.c - debug mode: steps that take too long are reported, and steps that do not end at all.
 *
 * A thread looks at the running step from outside. So it reads only data that live for ever: names and places from
 * the compiler, and numbers.
 */
#include "core/debug.h"

#include <stdio.h>

#include "core/current.h"
#include "core/loop.h"
#include "core/report.h"
#include "os/clock.h"
#include "os/memory.h"
#include "os/ticker.h"

struct debugger {
    struct task *task;               /* the task of the step; NULL: the loop's */
    int64_t start;                   /* start of the step; atomic from here on: the ticker reads it */
    const char *function;            /* name of the function; NULL: not a task's */
    const struct eddy_site *site;
    uint32_t id;
    int64_t reported;                /* the start of the step that was reported last, by the ticker */
    int64_t limit;                   /* nanoseconds that a step may take */
    struct ticker *ticker;
};

static const char *file_of(const struct eddy_site *site)
{
    return site && site->file ? site->file : "?";
}

/* Runs on the ticker's thread: it does not use the log hook, which belongs to the loop's thread. */
static void look(void *argument)
{
    struct debugger *debugger = argument;
    int64_t start = __atomic_load_n(&debugger->start, __ATOMIC_ACQUIRE);
    const char *function = __atomic_load_n(&debugger->function, __ATOMIC_RELAXED);
    const struct eddy_site *site = __atomic_load_n(&debugger->site, __ATOMIC_RELAXED);
    uint32_t id = __atomic_load_n(&debugger->id, __ATOMIC_RELAXED);
    int64_t taken = clock_monotonic() - start;
    if (!function || debugger->reported == start || taken < debugger->limit * 2 ||
        __atomic_load_n(&debugger->start, __ATOMIC_ACQUIRE) != start)
        return;
    debugger->reported = start;
    fprintf(stderr, "eddy: task %s-%u (spawned at %s:%d) has been running for %.1f seconds without waiting\n",
            function, id, file_of(site), site ? site->line : 0, (double)taken / (double)CLOCK_SECOND);
}

static void report_slow(struct debugger *debugger, int64_t taken)
{
    struct task *task = debugger->task;
    report_line("eddy: a step of task \"%s\" (%s, spawned at %s:%d) took %.3f seconds without waiting",
                task_name(task), task_core(task)->type->name, file_of(task->site), task->site ? task->site->line : 0,
                (double)taken / (double)CLOCK_SECOND);
}

void debug_step(struct debugger *debugger, struct task *next)
{
    int64_t now = clock_monotonic();
    if (!current.loop->driver->virtual_time)
        current.loop->looked_at = clock_tick(now);
    if (debugger->task && now - debugger->start >= debugger->limit)
        report_slow(debugger, now - debugger->start);
    debugger->task = next;
    __atomic_store_n(&debugger->function, next ? task_core(next)->type->name : NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&debugger->site, next ? next->site : NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&debugger->id, next ? next->id : 0, __ATOMIC_RELAXED);
    __atomic_store_n(&debugger->start, now, __ATOMIC_RELEASE);
}

struct debugger *debug_begin(double slow_step)
{
    struct debugger *debugger = memory_alloc_zeroed(sizeof *debugger);
    if (!debugger)
        return NULL;
    debugger->limit = clock_from_seconds(slow_step > 0 ? slow_step : 0.1);
    debugger->start = clock_monotonic();
    debugger->ticker = ticker_new(debugger->limit, look, debugger); /* without it only steps that end are reported */
    return debugger;
}

void debug_end(struct debugger *debugger)
{
    if (!debugger)
        return;
    ticker_free(debugger->ticker);
    memory_free(debugger);
}

void eddy_set_debug(bool on)
{
    struct eddy_loop *loop = current.loop;
    if (!loop || on == (loop->debug != NULL))
        return;
    struct debugger *before = loop->debug;
    loop->debug = on ? debug_begin(loop->options.slow_step) : NULL;
    loop->careful = true; /* from now on, since there may be stacks without guards, too */
    debug_end(before);
}

bool eddy_debug(void)
{
    return current.loop && current.loop->debug;
}
