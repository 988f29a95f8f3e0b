/* SPDX-License-Identifier: MIT */
/* queue.c - the cost of a round trip: an item goes to another task through a queue, and back through a second one. */
#include "eddy_bench.h"

typedef queue_of(long) long_queue;

async(void, echo, (long_queue *, in), (long_queue *, out), (long, count))
{
    for (long i = 0; i < count; i++) {
        long item = await(eddy_queue_get(in));
        await(eddy_queue_put(out, item + 1));
    }
}

async(void, ping, (long_queue *, out), (long_queue *, in), (long, count))
{
    struct echo *other = spawn(echo(out, in, count));
    long value = 0;
    for (long i = 0; i < count; i++) {
        await(eddy_queue_put(out, value));
        value = await(eddy_queue_get(in));
    }
    await(other);
    bench_require(value == count, "the item went round so often");
}

static void round_trips(long count)
{
    long_queue there, back;
    eddy_queue_init(&there, 0);
    eddy_queue_init(&back, 0);
    bench_await(ping(&there, &back, count));
    eddy_queue_free(&there);
    eddy_queue_free(&back);
}

static const struct measure measures[] = {
    {.name = "queue", .count = 1000000, .ask = round_trips},
    {0},
};
BENCH_EDDY(measures)
