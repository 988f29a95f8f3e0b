/* SPDX-License-Identifier: MIT */
/* spawn.c - the cost of a task that is spawned, runs and is joined: one by one, and a thousand at a time. */
#include "eddy_bench.h"

enum { BATCH = 1000 };

async(int, nothing) { return 1; }

async(void, one_by_one, (long, count))
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += await(spawn(nothing()));
    bench_require(sum == count, "each task ran");
}

async(void, batches, (long, count))
{
    static struct nothing *tasks[BATCH];
    long sum = 0;
    for (long done = 0; done < count; done += BATCH) {
        for (int i = 0; i < BATCH; i++)
            tasks[i] = spawn(nothing());
        for (int i = 0; i < BATCH; i++)
            sum += await(tasks[i]);
    }
    bench_require(sum == count, "each task ran");
}

static void ask_one_by_one(long count) { bench_await(one_by_one(count)); }
static void ask_batches(long count) { bench_await(batches(count)); }

static const struct measure measures[] = {
    {.name = "spawn", .count = 500000, .ask = ask_one_by_one},
    {.name = "spawn-batch", .count = 500000, .ask = ask_batches},
    {0},
};
BENCH_EDDY(measures)
