/* SPDX-License-Identifier: MIT */
/* spawn.cpp - Boost.Asio: co_spawn, and waiting for it; a thousand at once are waited for by a count. */
#include "asio.h"

static long ran;

static awaitable<void> nothing()
{
    ran++;
    co_return;
}

static void one_by_one(long count)
{
    ran = 0;
    run([&](asio::io_context &loop) -> awaitable<void> {
        for (long i = 0; i < count; i++)
            co_await asio::co_spawn(loop, nothing(), use_awaitable);
    });
    bench_require(ran == count, "each task ran");
}

static void batches(long count)
{
    ran = 0;
    asio::io_context loop(1);
    for (long done = 0; done < count; done += 1000) {
        for (int i = 0; i < 1000; i++)
            asio::co_spawn(loop, nothing(), asio::detached);
        loop.run();
        loop.restart();
    }
    bench_require(ran == count, "each task ran");
}

BENCH_ASIO({"spawn", 100000, one_by_one, false}, {"spawn-batch", 100000, batches, false})
