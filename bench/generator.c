/* SPDX-License-Identifier: MIT */
/* generator.c - the cost of an item of a generator: resume it, yield a value, and return. */
#include "eddy_bench.h"

generator(long, numbers, (long, count))
{
    for (long i = 0; i < count; i++)
        yield(i);
}

static void items(long count)
{
    long sum = 0;
    for_each (x, numbers(count))
        sum += x;
    bench_require(sum == count * (count - 1) / 2, "each item came");
}

static const struct measure measures[] = {
    {.name = "generator", .count = 5000000, .ask = items},
    {0},
};
BENCH_EDDY(measures)
