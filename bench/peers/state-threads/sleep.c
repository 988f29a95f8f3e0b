/* SPDX-License-Identifier: MIT */
/* sleep.c - State Threads: a million threads asleep, with the smallest stacks that it makes without asking for more. */
#include "state_threads.h"

#include <unistd.h>

static long asleep;

static void *sleeper(void *unused)
{
    asleep++;
    st_usleep(600000000);
    return unused;
}

static void ask(long count)
{
    double resident = bench_status("VmRSS"), tables = bench_status("VmPTE"), start = bench_now();
    for (long i = 0; i < count; i++)
        bench_require(st_thread_create(sleeper, NULL, 0, 16384) != NULL, "each thread was made");
    while (asleep < count)
        give_way();
    bench_say("sleep-seconds", (bench_now() - start) / 1e9);
    bench_say("sleep-resident", (bench_status("VmRSS") - resident) / (double)count);
    bench_say("sleep-tables", (bench_status("VmPTE") - tables) / (double)count);
    _exit(0);
}

static const struct measure measures[] = {
    {.name = "sleep", .count = 1000000, .ask = ask, .says_itself = true},
    {0},
};
BENCH_STATE_THREADS(measures)
