/* SPDX-License-Identifier: MIT */
/* asio.h - shared by the programs with Boost.Asio's C++20 coroutines. */
#ifndef ASIO_H
#define ASIO_H

#include <utility> /* Boost 1.74 forgets this header */

#include <boost/asio.hpp>
#include <boost/version.hpp>
#include <chrono>

#include "bench.h"

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;

/* Runs one coroutine, and those it spawns, on a loop of one thread. */
template <typename Coroutine>
static void run(Coroutine coroutine)
{
    asio::io_context loop(1);
    asio::co_spawn(loop, coroutine(loop), [](std::exception_ptr failure) {
        if (failure)
            std::rethrow_exception(failure);
    });
    loop.run();
}

#define BENCH_ASIO(...)                                              \
    static const struct measure measures[] = {__VA_ARGS__, {}};      \
    int main(int argc, char **argv)                                  \
    {                                                                \
        return bench_main(argc, argv, measures);                     \
    }

#endif
