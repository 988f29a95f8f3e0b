/* SPDX-License-Identifier: MIT */
/* lock.c - the cost of handing a lock over to the task that waits for it, and of running that task. */
#include "eddy_bench.h"

static eddy_lock lock = EDDY_LOCK_INIT;
static const void *last; /* the task that held it last */

async(void, take_turns, (long, count))
{
    for (long i = 0; i < count; i++) {
        await(eddy_lock_acquire(&lock));
        bench_require(last != eddy_current_task(), "the lock changed hands");
        last = eddy_current_task();
        eddy_lock_release(&lock);
    }
}

/* The lock is held until both tasks wait; from then on each release hands it over. */
async(void, two_take_turns, (long, count))
{
    last = NULL;
    await(eddy_lock_acquire(&lock));
    struct take_turns *a = spawn(take_turns(count / 2)), *b = spawn(take_turns(count / 2));
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    eddy_lock_release(&lock);
    await(a);
    await(b);
}

static void hand_overs(long count) { bench_await(two_take_turns(count)); }

static const struct measure measures[] = {
    {.name = "lock", .count = 1000000, .ask = hand_overs},
    {0},
};
BENCH_EDDY(measures)
