/* SPDX-License-Identifier: MIT */
/* cancel.cpp - Boost.Asio: a coroutine that waits for a timer, which is cancelled; a thousand at a time. */
#include "asio.h"

#include <deque>

static long waiting, cancelled;

static awaitable<void> wait_long(asio::steady_timer &timer)
{
    waiting++;
    try {
        co_await timer.async_wait(use_awaitable);
    } catch (const boost::system::system_error &error) {
        cancelled += error.code() == asio::error::operation_aborted;
    }
}

static void ask(long count)
{
    waiting = cancelled = 0;
    asio::io_context loop(1);
    for (long done = 0; done < count; done += 1000) {
        std::deque<asio::steady_timer> timers;
        for (int i = 0; i < 1000; i++) {
            timers.emplace_back(loop, std::chrono::seconds(1000));
            asio::co_spawn(loop, wait_long(timers.back()), asio::detached);
        }
        loop.poll();
        for (auto &timer : timers)
            timer.cancel();
        loop.run();
        loop.restart();
    }
    bench_require(waiting == count && cancelled == count, "each waited, and was cancelled");
}

BENCH_ASIO({"cancel", 20000, ask, false})
