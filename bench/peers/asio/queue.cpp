/* SPDX-License-Identifier: MIT */
/* queue.cpp - Boost.Asio: a round trip through two channels, which are experimental, and in Boost from 1.78 on. */
#include "asio.h"

#if BOOST_VERSION >= 107800
#include <boost/asio/experimental/channel.hpp>

using channel = asio::experimental::channel<void(boost::system::error_code, long)>;

static awaitable<void> echo(channel &in, channel &out, long count)
{
    for (long i = 0; i < count; i++) {
        long item = co_await in.async_receive(use_awaitable);
        co_await out.async_send(boost::system::error_code(), item + 1, use_awaitable);
    }
}

static void ask(long count)
{
    long value = 0;
    run([&](asio::io_context &loop) -> awaitable<void> {
        channel there(loop, 1), back(loop, 1);
        asio::co_spawn(loop, echo(there, back, count), asio::detached);
        for (long i = 0; i < count; i++) {
            co_await there.async_send(boost::system::error_code(), value, use_awaitable);
            value = co_await back.async_receive(use_awaitable);
        }
    });
    bench_require(value == count, "the item went round so often");
}

BENCH_ASIO({"queue", 200000, ask, false})
#else
int main() {} /* prints nothing, so the table leaves it out */
#endif
