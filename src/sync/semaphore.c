/* SPDX-License-Identifier: MIT */
/*
 * semaphore.c - at most n tasks at a time, in the order of asking.
 *
 * A unit that is released is promised to the first task of the wait queue at once. Until that task has run
 * (`promised`), newcomers queue after it even if more units are free: so tasks go on in the order in which they
 * came, even if several units are released in one pass. Each task that runs hands out the units that are free by
 * then.
 *
 * Invariant: while tasks wait, no unit is free, or a promised one is on its way to look again.
 */
#define EDDY_LIBRARY
#include "base/assert.h"
#include "core/impl.h"
#include "eddy/macros.h"

static eddy_semaphore *semaphore_of(struct eddy_awaitable *a)
{
    return ((struct eddy_semaphore_acquire *)(void *)a)->semaphore;
}

static void hand_out(eddy_semaphore *semaphore)
{
    while (semaphore->value > 0 && waiters_wake_first(&semaphore->waiters)) {
        semaphore->value--;
        semaphore->promised++;
    }
}

static void start(struct eddy_awaitable *a)
{
    eddy_semaphore *semaphore = semaphore_of(a);
    if (eddy_semaphore_locked(semaphore)) {
        waiters_wait(&semaphore->waiters, a);
        return;
    }
    semaphore->value--;
    semaphore->promised++;
    native_complete(a, NULL);
}

static void finish(struct eddy_awaitable *a)
{
    eddy_semaphore *semaphore = semaphore_of(a);
    EDDY_INVARIANT(semaphore->promised > 0);
    semaphore->promised--;
    hand_out(semaphore);
}

static const struct eddy_awaitable_type type = {.name = "eddy_semaphore_acquire",
                                                .start = start,
                                                .cancel = waiters_cancel,
                                                .finish = finish};

struct eddy_semaphore_acquire eddy_semaphore_acquire(eddy_semaphore *semaphore)
{
    return (struct eddy_semaphore_acquire){ED_HEADER(type), .semaphore = semaphore};
}

void eddy_semaphore_release(eddy_semaphore *semaphore)
{
    semaphore->value++;
    hand_out(semaphore);
    EDDY_INVARIANT(semaphore->value == 0 || !semaphore->waiters.first);
}

bool eddy_semaphore_locked(const eddy_semaphore *semaphore)
{
    return semaphore->value == 0 || semaphore->promised > 0 || semaphore->waiters.first;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_await(eddy_semaphore_acquire(((struct eddy_semaphore_hold *)(void *)manager)->value), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    (void)err;
    eddy_semaphore_release(((struct eddy_semaphore_hold *)(void *)manager)->value);
}

struct eddy_semaphore_hold eddy_semaphore_hold(eddy_semaphore *semaphore)
{
    return (struct eddy_semaphore_hold){.manager = {.enter = enter, .exit = leave}, .value = semaphore};
}
