/* SPDX-License-Identifier: MIT */
/* sleep.cpp - Boost.Asio: a million coroutines that wait for a timer each. */
#include "asio.h"

#include <unistd.h>

static long asleep;

static awaitable<void> sleeper()
{
    asleep++;
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::seconds(600));
    co_await timer.async_wait(use_awaitable);
}

static void ask(long count)
{
    asio::io_context loop(1);
    double resident = bench_status("VmRSS"), tables = bench_status("VmPTE"), start = bench_now();
    for (long i = 0; i < count; i++)
        asio::co_spawn(loop, sleeper(), asio::detached);
    loop.poll();
    bench_require(asleep == count, "each sleeps");
    bench_say("sleep-seconds", (bench_now() - start) / 1e9);
    bench_say("sleep-resident", (bench_status("VmRSS") - resident) / (double)count);
    bench_say("sleep-tables", (bench_status("VmPTE") - tables) / (double)count);
    _exit(0);
}

BENCH_ASIO({"sleep", 1000000, ask, true})
