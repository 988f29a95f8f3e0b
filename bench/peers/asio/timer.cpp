/* SPDX-License-Identifier: MIT */
/* timer.cpp - Boost.Asio: steady_timer; a cancelled one still has its handler called, which is part of it. */
#include "asio.h"

#include <memory>
#include <vector>

static long called, aborted;

static void start(asio::steady_timer &timer)
{
    timer.expires_after(std::chrono::milliseconds(bench_delay()));
    timer.async_wait([](boost::system::error_code error) {
        called++;
        aborted += error == asio::error::operation_aborted;
    });
}

static void many(long count)
{
    asio::io_context loop(1);
    std::vector<asio::steady_timer> timers;
    timers.reserve((size_t)count);
    for (long i = 0; i < count; i++)
        timers.emplace_back(loop);
    called = aborted = 0;
    double begin = bench_now();
    for (auto &timer : timers)
        start(timer);
    double live = bench_now();
    for (auto &timer : timers)
        timer.cancel();
    loop.poll();
    double end = bench_now();
    bench_require(called == count && aborted == count, "each was started, and none fired");
    bench_say("timer-start", (live - begin) / (double)count);
    bench_say("timer-cancel", (end - live) / (double)count);
}

static void pairs(long count)
{
    asio::io_context loop(1);
    asio::steady_timer timer(loop);
    called = aborted = 0;
    for (long i = 0; i < count; i++) {
        start(timer);
        timer.cancel();
        loop.poll();
        loop.restart();
    }
    bench_require(aborted == count, "each was cancelled");
}

BENCH_ASIO({"timer-million", 1000000, many, true}, {"timer-pair", 300000, pairs, false})
