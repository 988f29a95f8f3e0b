/* SPDX-License-Identifier: MIT */
/* timer.c - libuv: uv_timer_start and uv_timer_stop. */
#include <uv.h>

#include "bench.h"

static uv_loop_t *loop;
static long fired;

static void fire(uv_timer_t *timer)
{
    (void)timer;
    fired++;
}

static bool start(uv_timer_t *timer)
{
    return uv_timer_start(timer, fire, (uint64_t)bench_delay(), 0) == 0;
}

static void many(long count)
{
    uv_timer_t *timers = calloc((size_t)count, sizeof *timers);
    bench_require(timers != NULL, "memory for the timers");
    for (long i = 0; i < count; i++)
        uv_timer_init(loop, &timers[i]);
    double begin = bench_now();
    long started = 0;
    for (long i = 0; i < count; i++)
        started += start(&timers[i]);
    double live = bench_now();
    for (long i = 0; i < count; i++)
        uv_timer_stop(&timers[i]);
    double end = bench_now();
    bench_require(started == count && fired == 0, "each was started, and none fired");
    bench_say("timer-start", (live - begin) / (double)count);
    bench_say("timer-cancel", (end - live) / (double)count);
    for (long i = 0; i < count; i++)
        uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    free(timers);
}

static void pairs(long count)
{
    uv_timer_t timer;
    uv_timer_init(loop, &timer);
    for (long i = 0; i < count; i++) {
        bench_require(start(&timer), "it was started");
        uv_timer_stop(&timer);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

static const struct measure measures[] = {
    {.name = "timer-million", .count = 1000000, .ask = many, .says_itself = true},
    {.name = "timer-pair", .count = 2000000, .ask = pairs},
    {0},
};

int main(int argc, char **argv)
{
    loop = uv_default_loop();
    bench_require(loop != NULL, "it starts");
    return bench_main(argc, argv, measures);
}
