/* SPDX-License-Identifier: MIT */
/* failure.cpp - Boost.Asio: an exception through ten coroutines. */
#include "asio.h"

static awaitable<int> descend(int depth)
{
    if (depth == 1)
        throw boost::system::system_error(boost::asio::error::eof);
    co_return co_await descend(depth - 1) + 1;
}

static void ask(long count)
{
    long caught = 0;
    run([&](asio::io_context &) -> awaitable<void> {
        for (long i = 0; i < count; i++) {
            try {
                co_await descend(10);
            } catch (const boost::system::system_error &) {
                caught++;
            }
        }
    });
    bench_require(caught == count, "each failure was caught");
}

BENCH_ASIO({"failure", 5000, ask, false})
