/* SPDX-License-Identifier: MIT */
/*
 * cores.c - what crossing from one loop to another costs, beside the same within a loop. By hand, on two quiet cores:
 *
 *     build/bench/cores
 *
 * Each line is a ratio: the time across loops, as a multiple of the time within one loop in the same run.
 */
#include <stdio.h>
#include <eddy/keywords.h>

enum { CALLS = 20000, TASKS = 64, ITEMS = 1000000 };

typedef channel_of(long) channel;
static channel ping, pong, flow;

async(int, square, (int, n))
{
    return n * n;
}

async(void, call, (eddy_loop *, loop), (int, count))
{
    for (int i = 0; i < count; i++)
        await(eddy_on(loop, square(i)));
}

async(void, call_by_many, (eddy_loop *, loop))
{
    async_with (group, eddy_task_group())
        for (int i = 0; i < TASKS; i++)
            eddy_group_spawn(group, call(loop, CALLS / TASKS));
}

async(void, echo, (int, count))
{
    for (int i = 0; i < count; i++)
        await(eddy_channel_put(&pong, await(eddy_channel_get(&ping))));
}

async(void, round_trips, (eddy_loop *, loop))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, eddy_on(loop, echo(CALLS)));
        for (long i = 0; i < CALLS; i++) {
            await(eddy_channel_put(&ping, i));
            await(eddy_channel_get(&pong));
        }
    }
}

async(void, produce)
{
    for (long i = 0; i < ITEMS; i++)
        await(eddy_channel_put(&flow, i));
}

async(void, stream, (eddy_loop *, loop))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, eddy_on(loop, produce()));
        for (long i = 0; i < ITEMS; i++)
            await(eddy_channel_get(&flow));
    }
}

#define RATIO(what, coroutine)                                                                                        \
    do {                                                                                                              \
        eddy_loop *loop = eddy_current_loop();                                                                        \
        double begin = eddy_time();                                                                                   \
        await(coroutine);                                                                                             \
        double within = eddy_time() - begin;                                                                          \
        loop = eddy_core_loop(1);                                                                                     \
        begin = eddy_time();                                                                                          \
        await(coroutine);                                                                                             \
        printf("%-36s %6.2f\n", what, (eddy_time() - begin) / within);                                                \
    } while (0)

async(int, measure)
{
    if (eddy_core_index() == 1)
        return 0;
    RATIO("a call, one after the other", call(loop, CALLS));
    RATIO("a call, by 64 tasks", call_by_many(loop));
    RATIO("a round trip through two channels", round_trips(loop));
    RATIO("an item of a stream", stream(loop));
    return 0;
}

int main(void)
{
    eddy_channel_init(&ping, 1);
    eddy_channel_init(&pong, 1);
    eddy_channel_init(&flow, 1024);
    return eddy_run_on_cores(2, measure());
}
