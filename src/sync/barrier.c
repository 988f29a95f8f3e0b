/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - n tasks that wait for each other, again and again.
 *
 * It fills, then drains: those that were let go (by the n-th, or by abort and reset) count as `draining` until
 * they have gone on, and who comes meanwhile waits for the next round.  `spoilt` says that what drains fails; it
 * is looked at when each goes on, so an abort or reset also reaches those who were let go and have not yet run.
 *
 * Invariant: at most one round drains at a time; while none does, fewer than `parties` tasks wait.
 */
#define EDDY_LIBRARY
#include "base/assert.h"
#include "core/failure.h"
#include "core/task.h"
#include "eddy/macros.h"

static struct eddy_barrier_wait *wait_of(struct eddy_awaitable *a)
{
    return (struct eddy_barrier_wait *)(void *)a;
}

/* Takes the first off the list; its index is its place in the round. */
static bool let_go(eddy_barrier *barrier)
{
    struct eddy_awaitable *first = waiters_first(&barrier->waiters);
    if (!first)
        return false;
    wait_of(first)->result = barrier->draining++;
    barrier->waiting--;
    return waiters_wake_first(&barrier->waiters);
}

static void start(struct eddy_awaitable *a)
{
    eddy_barrier *barrier = wait_of(a)->barrier;
    EDDY_ASSERT(barrier->parties > 0, "a barrier needs EDDY_BARRIER_INIT(n) with n of at least 1");
    if (barrier->broken) {
        native_complete(a, failure_of(EDDY_BARRIER_BROKEN, "eddy_barrier_wait: it was aborted"));
        return;
    }
    if (barrier->draining > 0 || barrier->waiting + 1 < barrier->parties) {
        barrier->waiting++;
        waiters_add(&barrier->waiters, a);
        return;
    }
    while (let_go(barrier))
        continue;
    wait_of(a)->result = barrier->draining++;
    native_complete(a, NULL);
}

static void cancel(struct eddy_awaitable *a)
{
    wait_of(a)->barrier->waiting--;
    waiters_cancel(a);
}

/* One of the round has gone on; the last makes room for those who came meanwhile. */
static void leave(eddy_barrier *barrier)
{
    if (--barrier->draining > 0)
        return;
    barrier->spoilt = false;
    if (barrier->waiting >= barrier->parties)
        for (size_t i = 0; i < barrier->parties; i++)
            let_go(barrier);
}

static void finish(struct eddy_awaitable *a)
{
    eddy_barrier *barrier = wait_of(a)->barrier;
    if (barrier->spoilt)
        a->awaitable.failure =
            failure_of(EDDY_BARRIER_BROKEN, "eddy_barrier_wait: it was aborted or reset meanwhile");
    leave(barrier);
}

static void undo(struct eddy_awaitable *a)
{
    leave(wait_of(a)->barrier);
}

static const struct eddy_awaitable_type type = {
    .name = "eddy_barrier_wait", .start = start, .cancel = cancel, .finish = finish, .undo = undo};

struct eddy_barrier_wait eddy_barrier_wait(eddy_barrier *barrier)
{
    return (struct eddy_barrier_wait){ED_HEADER(type), .barrier = barrier};
}

void eddy_barrier_abort(eddy_barrier *barrier)
{
    barrier->broken = true;
    while (let_go(barrier))
        continue;
    barrier->spoilt = barrier->draining > 0;
}

/* While a round drains, those who wait for the next are not meant. */
void eddy_barrier_reset(eddy_barrier *barrier)
{
    barrier->broken = false;
    if (barrier->draining == 0)
        while (let_go(barrier))
            continue;
    barrier->spoilt = barrier->draining > 0;
}
