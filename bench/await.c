/* SPDX-License-Identifier: MIT */
/* await.c - the cost of awaiting a coroutine that does not suspend, compared with a call of the same C function. */
#include "eddy_bench.h"

static int __attribute__((noinline)) plain(int n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}

static long sum_of_successors(long count)
{
    return count * (count + 1) / 2;
}

static void call(long count)
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += plain((int)i);
    bench_require(sum == sum_of_successors(count), "each call returned its value");
}

async(int, call_plain, (int, n)) { return plain(n); }

async(void, await_many, (long, count))
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += await(call_plain((int)i));
    bench_require(sum == sum_of_successors(count), "each await gave its value");
}

static void await_it(long count)
{
    bench_await(await_many(count));
}

static const struct measure measures[] = {
    {.name = "call", .count = 20000000, .ask = call},
    {.name = "await", .count = 20000000, .ask = await_it},
    {0},
};
BENCH_EDDY(measures)
