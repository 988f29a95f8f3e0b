/* SPDX-License-Identifier: MIT */
/* failure.c - the cost of a failure that passes through ten frames before it is caught, traceback included. */
#include "eddy_bench.h"

#include <errno.h>

async(int, descend, (int, depth))
{
    if (depth == 1)
        throw(EIO);
    return await(descend(depth - 1)) + 1;
}

async(void, fail_many, (long, count))
{
    long caught = 0;
    for (long i = 0; i < count; i++) {
        eddy_error err;
        await(descend(10), &err);
        caught += err.code == EIO;
    }
    bench_require(caught == count, "each failure was caught");
}

static void failures(long count) { bench_await(fail_many(count)); }

static const struct measure measures[] = {
    {.name = "failure", .count = 200000, .ask = failures},
    {0},
};
BENCH_EDDY(measures)
