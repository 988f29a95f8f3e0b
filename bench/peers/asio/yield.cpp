/* SPDX-License-Identifier: MIT */
/* yield.cpp - Boost.Asio: two coroutines that post themselves. */
#include "asio.h"

static int last;

static awaitable<void> turns(int me, long count)
{
    auto executor = co_await asio::this_coro::executor;
    for (long i = 0; i < count; i++) {
        bench_require(last != me, "the other one ran in between");
        last = me;
        co_await asio::post(executor, use_awaitable);
    }
}

static void ask(long count)
{
    last = 0;
    asio::io_context loop(1);
    asio::co_spawn(loop, turns(1, count / 2), asio::detached);
    asio::co_spawn(loop, turns(2, count / 2), asio::detached);
    loop.run();
}

BENCH_ASIO({"yield", 500000, ask, false})
