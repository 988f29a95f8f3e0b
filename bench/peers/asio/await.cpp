/* SPDX-License-Identifier: MIT */
/* await.cpp - Boost.Asio: co_await of an awaitable that does not suspend. */
#include "asio.h"

static awaitable<int> successor(int n)
{
    co_return n + 1;
}

static void ask(long count)
{
    run([&](asio::io_context &) -> awaitable<void> {
        long sum = 0;
        for (long i = 0; i < count; i++)
            sum += co_await successor((int)i);
        bench_require(sum == count * (count + 1) / 2, "each await gave its value");
    });
}

BENCH_ASIO({"await", 1000000, ask, false})
