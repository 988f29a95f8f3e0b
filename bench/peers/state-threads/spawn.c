/* SPDX-License-Identifier: MIT */
/* spawn.c - State Threads: create and join. */
#include "state_threads.h"

enum { BATCH = 1000 };

static long ran;

static void *nothing(void *unused)
{
    ran++;
    return unused;
}

static void one_by_one(long count)
{
    ran = 0;
    for (long i = 0; i < count; i++)
        st_thread_join(st_thread_create(nothing, NULL, 1, 0), NULL);
    bench_require(ran == count, "each thread ran");
}

static void batches(long count)
{
    static st_thread_t threads[BATCH];
    ran = 0;
    for (long done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            threads[i] = st_thread_create(nothing, NULL, 1, 0);
        for (int i = 0; i < BATCH; i++)
            st_thread_join(threads[i], NULL);
    }
    bench_require(ran == count, "each thread ran");
}

static const struct measure measures[] = {
    {.name = "spawn", .count = 100000, .ask = one_by_one},
    {.name = "spawn-batch", .count = 100000, .ask = batches},
    {0},
};
BENCH_STATE_THREADS(measures)
