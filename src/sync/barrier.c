/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - n tasks that wait for each other, again and again.
 *
 * It fills, then drains: tasks that were released (by the n-th, or by abort and reset) count as `draining` until they
 * have run.  A task that comes meanwhile is early: it is woken when the barrier has drained, and arrives then.
 * `spoilt` says that draining tasks fail; each looks at it when it runs, so an abort or reset also reaches tasks that
 * were released and have not run yet.
 *
 * Invariant: while it fills, the wait queue holds the `waiting` tasks, which are fewer than `parties`; while it drains,
 * the early ones.
 */
#define EDDY_LIBRARY
#include "base/assert.h"
#include "core/impl.h"
#include "eddy/macros.h"

static struct eddy_barrier_wait *wait_of(struct eddy_awaitable *a)
{
    return (struct eddy_barrier_wait *)(void *)a;
}

/* The result of a task that came while others are draining: it has this result until it arrives itself. */
#define EARLY SIZE_MAX

/* Wakes all waiters; the index of each is its place in the round. */
static void let_go(eddy_barrier *barrier)
{
    for (struct eddy_awaitable *a; (a = waiters_first(&barrier->waiters));) {
        wait_of(a)->result = barrier->draining++;
        waiters_wake_first(&barrier->waiters);
    }
    barrier->waiting = 0;
}

static void wake_early(eddy_barrier *barrier)
{
    while (waiters_wake_first(&barrier->waiters))
        continue;
}

/* False: the task was the last one, and wakes all. */
static bool arrive_and_wait(struct eddy_awaitable *a)
{
    eddy_barrier *barrier = wait_of(a)->barrier;
    bool early = barrier->draining > 0;
    if (!early && barrier->waiting + 1 >= barrier->parties) {
        let_go(barrier);
        wait_of(a)->result = barrier->draining++;
        return false;
    }
    wait_of(a)->result = early ? EARLY : 0;
    barrier->waiting += !early;
    EDDY_INVARIANT(barrier->waiting < barrier->parties);
    waiters_add(&barrier->waiters, a);
    return true;
}

static struct eddy_failure *broken_failure(void)
{
    return failure_of(EDDY_BARRIER_BROKEN, "eddy_barrier_wait: it was aborted or reset");
}

static void start(struct eddy_awaitable *a)
{
    eddy_barrier *barrier = wait_of(a)->barrier;
    EDDY_ASSERT(barrier->parties > 0, "a barrier needs EDDY_BARRIER_INIT(n) with n of at least 1");
    if (!waiters_are_ours(&barrier->waiters))
        native_complete(a, wrong_loop_failure("eddy_barrier_wait"));
    else if (barrier->broken)
        native_complete(a, broken_failure());
    else if (!arrive_and_wait(a))
        native_complete(a, NULL);
}

static void cancel(struct eddy_awaitable *a)
{
    eddy_barrier *barrier = wait_of(a)->barrier;
    bool early = wait_of(a)->result == EARLY;
    EDDY_INVARIANT(early || barrier->waiting > 0);
    barrier->waiting -= !early;
    waiters_cancel(a);
}

/* A task of the round has run; the last one lets the early ones arrive. */
static void leave(eddy_barrier *barrier)
{
    EDDY_INVARIANT(barrier->draining > 0);
    if (--barrier->draining > 0)
        return;
    barrier->spoilt = false;
    wake_early(barrier);
}

static void finish(struct eddy_awaitable *a)
{
    eddy_barrier *barrier = wait_of(a)->barrier;
    if (wait_of(a)->result == EARLY) {
        if (barrier->broken) {
            a->awaitable.failure = broken_failure();
            return;
        }
        if (arrive_and_wait(a)) {
            native_again(a);
            return;
        }
    }
    if (barrier->spoilt)
        a->awaitable.failure = broken_failure();
    leave(barrier);
}

static void undo(struct eddy_awaitable *a)
{
    if (wait_of(a)->result != EARLY)
        leave(wait_of(a)->barrier);
}

static const struct eddy_awaitable_type type = {
    .name = "eddy_barrier_wait", .start = start, .cancel = cancel, .finish = finish, .undo = undo};

struct eddy_barrier_wait eddy_barrier_wait(eddy_barrier *barrier)
{
    return (struct eddy_barrier_wait){ED_HEADER(type), .barrier = barrier};
}

/* Wakes all waiters, which then fail. */
static void spoil(eddy_barrier *barrier)
{
    if (barrier->draining == 0)
        let_go(barrier);
    barrier->spoilt = barrier->draining > 0;
}

void eddy_barrier_abort(eddy_barrier *barrier)
{
    bool drains = barrier->draining > 0;
    barrier->broken = true;
    spoil(barrier);
    if (drains)
        wake_early(barrier);
}

/* Early tasks are not affected: they have not arrived yet. */
void eddy_barrier_reset(eddy_barrier *barrier)
{
    barrier->broken = false;
    spoil(barrier);
}
