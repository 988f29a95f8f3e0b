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

double eddy_loop_deadline(eddy_loop *name)
{
    struct eddy_loop *loop;
    struct before before;
    if (current.loop && current.loop->name == name)
        return 0;
    if (enter_to_look(name, &loop, &before) != 0)
        return (double)INFINITY;
    int64_t deadline = deadline_of(loop), now = driver_now(loop->driver);
    loop_end_run(loop, &before);
    if (deadline == CLOCK_NEVER)
        return (double)INFINITY;
    return deadline > now ? (double)(deadline - now) / (double)CLOCK_SECOND : 0;
}

int eddy_loop_step(eddy_loop *name, double limit)
{
    struct eddy_loop *loop;
    struct before before;
    if (isnan(limit))
        return EINVAL;
    int error = enter(name, &loop, &before);
    if (error)
        return error;
    loop->returns = true;
    loop_step(loop, limit > 0 ? clock_from_seconds(limit) : 0);
    error = loop->broken;
    if (!error)
        driver_host_waits(loop->driver, loop->ready.first ? 0 : timers_next(&loop->timers));
    loop_end_run(loop, &before);
    return error;
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
