/* SPDX-License-Identifier: MIT */
/* timer.c - libev: ev_timer_start and ev_timer_stop. */
#include <ev.h>

#include "bench.h"

static struct ev_loop *loop;
static long fired;

static void fire(struct ev_loop *at, ev_timer *timer, int events)
{
    (void)at, (void)timer, (void)events;
    fired++;
}

static void start(ev_timer *timer)
{
    ev_timer_init(timer, fire, (double)bench_delay() * 1e-3, 0);
    ev_timer_start(loop, timer);
}

static void many(long count)
{
    ev_timer *timers = calloc((size_t)count, sizeof *timers);
    bench_require(timers != NULL, "memory for the timers");
    double begin = bench_now();
    long active = 0;
    for (long i = 0; i < count; i++)
        start(&timers[i]);
    double live = bench_now();
    for (long i = 0; i < count; i++)
        active += ev_is_active(&timers[i]) != 0;
    double stopping = bench_now();
    for (long i = 0; i < count; i++)
        ev_timer_stop(loop, &timers[i]);
    double end = bench_now();
    bench_require(active == count && fired == 0, "each was started, and none fired");
    bench_say("timer-start", (live - begin) / (double)count);
    bench_say("timer-cancel", (end - stopping) / (double)count);
    free(timers);
}

static void pairs(long count)
{
    ev_timer timer;
    for (long i = 0; i < count; i++) {
        start(&timer);
        ev_timer_stop(loop, &timer);
    }
}

static const struct measure measures[] = {
    {.name = "timer-million", .count = 1000000, .ask = many, .says_itself = true},
    {.name = "timer-pair", .count = 2000000, .ask = pairs},
    {0},
};

int main(int argc, char **argv)
{
    loop = ev_default_loop(0);
    bench_require(loop != NULL, "it starts");
    return bench_main(argc, argv, measures);
}
