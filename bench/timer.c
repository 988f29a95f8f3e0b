/* SPDX-License-Identifier: MIT */
/* timer.c - the cost of starting and cancelling a timer: among many live timers, and as the only one. */
#include "eddy_bench.h"

static long fired;

static void fire(void *unused)
{
    (void)unused;
    fired++;
}

static eddy_handle *start(void)
{
    return eddy_call_later((double)bench_delay() * 1e-3, fire, NULL);
}

static void many(long count)
{
    eddy_handle **handles = calloc((size_t)count, sizeof *handles);
    bench_require(handles != NULL, "memory for the handles");
    double begin = bench_now();
    long started = 0;
    for (long i = 0; i < count; i++)
        started += (handles[i] = start()) != NULL;
    double live = bench_now();
    for (long i = 0; i < count; i++)
        eddy_handle_cancel(handles[i]);
    double end = bench_now();
    bench_require(started == count && fired == 0, "each was started, and none fired");
    bench_say("timer-start", (live - begin) / (double)count);
    bench_say("timer-cancel", (end - live) / (double)count);
    free(handles);
}

static void pairs(long count)
{
    for (long i = 0; i < count; i++) {
        eddy_handle *handle = start();
        bench_require(handle != NULL, "memory for the handle");
        eddy_handle_cancel(handle);
    }
}

static const struct measure measures[] = {
    {.name = "timer-million", .count = 1000000, .ask = many, .says_itself = true},
    {.name = "timer-pair", .count = 2000000, .ask = pairs},
    {0},
};
BENCH_EDDY(measures)
