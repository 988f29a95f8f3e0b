/* SPDX-License-Identifier: MIT */
/*
 * guest.c - a loop inside another one: the host waits for a descriptor and a deadline, then lets the loop take a
 * step.
 *
 * Invariant: before the host waits, no task is ready and the kernel has all operations; so every event that the loop
 * waits for makes the descriptor readable.
 */
#include <errno.h>
#include <math.h>

#include "core/enter.h"
#include "core/loop.h"
#include "os/clock.h"
#include "os/memory.h"

/* 0, or the code of a refusal. */
static int enter(const eddy_loop *name, struct eddy_loop **loop, struct before *before)
{
    struct eddy_failure *failure = loop_claim(name, loop);
    if (failure)
        return loop_refusal(failure);
    loop_begin_run(*loop, before);
    return 0;
}

/* The same for asking for the deadline, which a host does each time before it waits. */
static int enter_to_look(const eddy_loop *name, struct eddy_loop **loop, struct before *before)
{
    struct eddy_failure *failure = loop_claim(name, loop);
    if (failure)
        return loop_refusal(failure);
    ((*loop)->driver->type->host_waits_writes ? loop_begin_run : loop_begin_look)(*loop, before);
    return 0;
}

static int64_t deadline_of(struct eddy_loop *loop)
{
    int64_t deadline = loop->ready.first || __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED) || loop->interrupted
                           ? 0
                           : timers_next(&loop->timers);
    return driver_host_waits(loop->driver, deadline) ? 0 : deadline;
}

int eddy_loop_descriptor(eddy_loop *name)
{
    struct eddy_loop *loop;
    struct before before;
    if (current.loop && current.loop->name == name)
        return driver_descriptor(current.loop->driver);
    int error = enter(name, &loop, &before);
    if (error)
        return -error;
    int fd = driver_descriptor(loop->driver);
    loop_end_run(loop, &before);
    return fd;
}

/* This thread has entered the loop, and is between two steps of it. */
static bool is_between_steps(const eddy_loop *name)
{
    const struct eddy_loop *loop = current.loop;
    return loop && loop->name == name && loop->entered && !loop->stepping;
}

static double seconds_until_deadline(struct eddy_loop *loop)
{
    int64_t deadline = deadline_of(loop), now = driver_now(loop->driver);
    if (deadline == CLOCK_NEVER)
        return (double)INFINITY;
    return deadline > now ? (double)(deadline - now) / (double)CLOCK_SECOND : 0;
}

double eddy_loop_deadline(eddy_loop *name)
{
    struct eddy_loop *loop;
    struct before before;
    if (current.loop && current.loop->name == name)
        return is_between_steps(name) ? seconds_until_deadline(current.loop) : 0;
    if (enter_to_look(name, &loop, &before) != 0)
        return (double)INFINITY;
    double seconds = seconds_until_deadline(loop);
    loop_end_run(loop, &before);
    return seconds;
}

static int take_step(struct eddy_loop *loop, double limit)
{
    loop->returns = true;
    loop_step(loop, limit > 0 ? clock_from_seconds(limit) : 0);
    return loop->broken;
}

/* Of a loop that was entered: the next step submits what was queued. */
static int step_inside(struct eddy_loop *loop, double limit)
{
    loop->stepping = true;
    int error = take_step(loop, limit);
    loop->stepping = false;
    return error;
}

int eddy_loop_step(eddy_loop *name, double limit)
{
    struct eddy_loop *loop;
    struct before before;
    if (isnan(limit))
        return EINVAL;
    if (is_between_steps(name))
        return step_inside(current.loop, limit);
    int error = enter(name, &loop, &before);
    if (error)
        return error;
    error = take_step(loop, limit);
    if (!error)
        driver_host_waits(loop->driver, loop->ready.first ? 0 : timers_next(&loop->timers));
    loop_end_run(loop, &before);
    return error;
}

/* ==== a host with code of its own between the steps ==== */

static int begin_visit(const eddy_loop *name, struct before *before)
{
    struct eddy_loop *loop;
    struct eddy_failure *failure = loop_claim(name, &loop);
    if (failure)
        return loop_refusal(failure);
    loop_begin_visit(loop, before);
    loop->entered = before;
    return 0;
}

int eddy_loop_enter(eddy_loop *name)
{
    struct before *before = memory_alloc(sizeof *before);
    int error = before ? begin_visit(name, before) : ENOMEM;
    if (error)
        memory_free(before);
    return error;
}

int eddy_loop_leave(eddy_loop *name)
{
    struct eddy_loop *loop = current.loop;
    if (!is_between_steps(name))
        return EDDY_INVALID_STATE;
    struct before *before = loop->entered;
    loop->entered = NULL;
    loop_end_run(loop, before);
    memory_free(before);
    return 0;
}

int eddy_loop_wake(eddy_loop *name)
{
    struct eddy_loop *loop = loop_enter(name);
    if (!loop)
        return EDDY_NO_LOOP;
    driver_wake(loop->driver);
    loop_leave(name);
    return 0;
}
