/* SPDX-License-Identifier: MIT */
/* yield.c - the cost of letting the other tasks run, and of coming back. */
#include "eddy_bench.h"

static const void *last; /* who ran last */

async(void, give_way, (long, count))
{
    for (long i = 0; i < count; i++) {
        bench_require(last != eddy_current_task(), "the other one ran in between");
        last = eddy_current_task();
        await(eddy_sleep(0));
    }
}

async(void, two_give_way, (long, count))
{
    struct give_way *a = spawn(give_way(count / 2)), *b = spawn(give_way(count / 2));
    last = NULL;
    await(a);
    await(b);
}

static void turns(long count) { bench_await(two_give_way(count)); }

static const struct measure measures[] = {
    {.name = "yield", .count = 2000000, .ask = turns},
    {0},
};
BENCH_EDDY(measures)
