/* SPDX-License-Identifier: MIT */
/* sleep.c - a million sleeping tasks: how long they take to start, and how much memory each needs. */
#include "eddy_bench.h"

#include <unistd.h>

static long asleep;

async(void, sleeper)
{
    asleep++;
    await(eddy_sleep(1e6));
}

async(void, many, (long, count))
{
    double resident = bench_status("VmRSS"), tables = bench_status("VmPTE"), start = bench_now();
    for (long i = 0; i < count; i++)
        eddy_detach(spawn(sleeper()));
    while (asleep < count)
        await(eddy_sleep(0));
    bench_say("sleep-seconds", (bench_now() - start) / 1e9);
    bench_say("sleep-resident", (bench_status("VmRSS") - resident) / (double)count);
    bench_say("sleep-tables", (bench_status("VmPTE") - tables) / (double)count);
    _exit(0); /* the cost of cancelling them is not measured */
}

static void ask(long count) { bench_await(many(count)); }

static const struct measure measures[] = {
    {.name = "sleep", .count = 1000000, .ask = ask, .says_itself = true},
    {0},
};
BENCH_EDDY(measures)
