/* SPDX-License-Identifier: MIT */
/* sleep.c - waiting for time to pass; the timer lies in the header of the task that waits. */
#include <math.h>
#include <string.h>

#include "core/failure.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/sched.h"
#include "core/task.h"
#include "eddy/wait.h"
#include "os/clock.h"

static void wake(struct timer *timer)
{
    struct task *task = container_of(timer, struct task, wait.timer);
    native_complete(task->waits_for, NULL);
}

static void start(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    double seconds = ((struct eddy_sleep *)(void *)a)->seconds;
    task->wait.timer.index = 0;
    if (seconds != seconds) {
        native_complete(a, failure_of(EINVAL, "eddy_sleep(NaN)"));
    } else if (seconds <= 0) {
        a->awaitable.state = EDDY_SUSPENDED; /* one pass of the loop */
        task_wake(task);
    } else if (seconds < INFINITY) {
        int64_t when = clock_add(driver_now(task->loop->driver), clock_from_seconds(seconds));
        if (!timer_set(&task->loop->timers, &task->wait.timer, when, wake))
            native_complete(a, &failure_no_memory);
    }
}

/* An await of a sleep(0) only lasts one pass of the loop, and a pending request waits for its end. */
static void run(struct eddy_awaitable *a)
{
    struct task *self = current.task;
    uint64_t seconds; /* the bits of 0.0 are zero */
    memcpy(&seconds, &((struct eddy_sleep *)(void *)a)->seconds, sizeof seconds);
    if (seconds != 0 || !self) {
        eddy_run_generic(a);
        return;
    }
    sched_give_way(self);
    if (task_has_request(self))
        a->awaitable.failure = task_take_cancel(self);
}

static void cancel(struct eddy_awaitable *a)
{
    struct task *task = owner_of(a);
    timer_cancel(&task->loop->timers, &task->wait.timer);
    native_complete(a, &failure_cancelled);
}

static void undo(struct eddy_awaitable *a)
{
    (void)a; /* time that has passed need not be given back */
}

const struct eddy_awaitable_type eddy_sleep_type = {
    .name = "sleep", .run = run, .start = start, .cancel = cancel, .undo = undo};

struct eddy_sleep eddy_sleep(double seconds)
{
    return (struct eddy_sleep){.awaitable = {.awaitable = {.type = &eddy_sleep_type}}, .seconds = seconds};
}
