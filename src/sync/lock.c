/* SPDX-License-Identifier: MIT */
/*
 * lock.c - one task at a time, in the order of asking.
 *
 * Invariant: while tasks wait, the lock is held: releasing hands it over to the first of them, which owns it from that
 * moment on, though it has not run yet.  So no other task takes it in between, and a task that is cancelled after it
 * was given the lock holds it: the request waits for its next await.
 */
#define EDDY_LIBRARY
#include "base/assert.h"
#include "core/impl.h"
#include "eddy/macros.h"

static eddy_lock *lock_of(struct eddy_awaitable *a)
{
    return ((struct eddy_lock_acquire *)(void *)a)->lock;
}

static void start(struct eddy_awaitable *a)
{
    eddy_lock *lock = lock_of(a);
    if (lock->held) {
        waiters_wait(&lock->waiters, a);
        return;
    }
    EDDY_INVARIANT(!lock->waiters.first);
    lock->held = true;
    native_complete(a, NULL);
}

static void run(struct eddy_awaitable *a)
{
    eddy_lock *lock = lock_of(a);
    struct task *self = current.task;
    if (!native_is_free(self) || !waiters_are_ours(&lock->waiters)) {
        eddy_run_generic(a);
    } else if (lock->held) {
        native_enter(self, a);
        waiters_add(&lock->waiters, a);
        native_wait_once(self, a);
    } else {
        EDDY_INVARIANT(!lock->waiters.first);
        lock->held = true;
        task_note_at_once(self);
    }
}

static const struct eddy_awaitable_type type = {
    .name = "eddy_lock_acquire", .run = run, .start = start, .cancel = waiters_cancel};

struct eddy_lock_acquire eddy_lock_acquire(eddy_lock *lock)
{
    return (struct eddy_lock_acquire){ED_HEADER(type), .lock = lock};
}

void eddy_lock_release(eddy_lock *lock)
{
    EDDY_ASSERT(lock->held,
                "eddy_lock_release of a lock that is not held: release it once for each eddy_lock_acquire");
    if (!waiters_wake_first(&lock->waiters))
        lock->held = false;
}

bool eddy_lock_locked(const eddy_lock *lock)
{
    return lock->held;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    eddy_await(eddy_lock_acquire(((struct eddy_lock_hold *)(void *)manager)->value), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    (void)err;
    eddy_lock_release(((struct eddy_lock_hold *)(void *)manager)->value);
}

struct eddy_lock_hold eddy_lock_hold(eddy_lock *lock)
{
    return (struct eddy_lock_hold){.manager = {.enter = enter, .exit = leave}, .value = lock};
}
