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
    native_complete_well(container_of(timer, struct task, wait.timer));
}

/* False: no memory. */
static inline bool set_timer(struct task *task, double seconds)
{
    int64_t when = clock_after(driver_now(task->loop->driver), seconds);
    return timer_set(&task->loop->timers, &task->wait.timer, when, wake);
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
        if (!set_timer(task, seconds))
            native_complete(a, &failure_no_memory);
    }
}

static inline void wait_here(struct task *self, struct eddy_awaitable *a, double seconds)
{
    if (!set_timer(self, seconds)) {
        a->awaitable.failure = &failure_no_memory;
        return;
    }
    native_enter(self, a);
    native_wait_once(self, a);
}

/* An await of a sleep that takes time, if no request is pending. */
static __attribute__((noinline)) void run_for_a_time(struct eddy_awaitable *a)
{
    double seconds = ((struct eddy_sleep *)(void *)a)->seconds;
    if (native_is_free(current.task) && seconds > 0 && seconds < INFINITY)
        wait_here(current.task, a, seconds);
    else
        eddy_run_generic(a);
}

/* An await of a sleep(0) only lasts one pass of the loop, and a pending request waits for its end. */
static void run(struct eddy_awaitable *a)
{
    struct task *self = current.task;
    uint64_t seconds; /* the bits of 0.0 are zero */
    memcpy(&seconds, &((struct eddy_sleep *)(void *)a)->seconds, sizeof seconds);
    if (seconds != 0 || !self) {
        run_for_a_time(a);
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
    native_end(task, a, &failure_cancelled);
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
