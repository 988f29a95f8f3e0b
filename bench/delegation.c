/* SPDX-License-Identifier: MIT */
/* delegation.c - the cost of an item that passes through a given number of levels of yield_from. */
#include "eddy_bench.h"

generator(long, nested, (int, depth), (long, count))
{
    if (depth > 0)
        yield_from(nested(depth - 1, count));
    else
        for (long i = 0; i < count; i++)
            yield(i);
}

static void items(int depth, long count)
{
    long sum = 0;
    for_each (x, nested(depth, count))
        sum += x;
    bench_require(sum == count * (count - 1) / 2, "each item came");
}

static void through_1(long count) { items(1, count); }
static void through_10(long count) { items(10, count); }
static void through_1000(long count) { items(1000, count); }

static const struct measure measures[] = {
    {.name = "delegation-1", .count = 2000000, .ask = through_1},
    {.name = "delegation-10", .count = 2000000, .ask = through_10},
    {.name = "delegation-1000", .count = 2000000, .ask = through_1000},
    {0},
};

BENCH_EDDY(measures)
