/* SPDX-License-Identifier: MIT */
/*
 * cores.c - what crossing from one loop to another costs, beside the same within a loop. Run by cores.py.
 *
 * Each line: the question, ns across loops, ns within one loop.
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

/* ns of each, across loops and within one. */
#define ASK(what, count, coroutine)                                                                                    \
    do {                                                                                                              \
        eddy_loop *loop = eddy_current_loop();                                                                        \
        double begin = eddy_time();                                                                                   \
        await(coroutine);                                                                                             \
        double within = eddy_time() - begin;                                                                          \
        loop = eddy_core_loop(1);                                                                                     \
        begin = eddy_time();                                                                                          \
        await(coroutine);                                                                                             \
        double across = eddy_time() - begin;                                                                          \
        printf("%s %.1f %.1f\n", what, across / (count) * 1e9, within / (count) * 1e9);                               \
    } while (0)

async(int, measure)
{
    if (eddy_core_index() == 1)
        return 0;
    ASK("call", CALLS, call(loop, CALLS));
    ASK("call-of-64", CALLS / TASKS * TASKS, call_by_many(loop));
    ASK("round-trip", CALLS, round_trips(loop));
    ASK("item", ITEMS, stream(loop));
    return 0;
}

int main(void)
{
    eddy_channel_init(&ping, 1);
    eddy_channel_init(&pong, 1);
    eddy_channel_init(&flow, 1024);
    return eddy_run_on_cores(2, measure());
}
