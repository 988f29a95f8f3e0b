/* SPDX-License-Identifier: MIT */
/* generator.cpp - Boost.Context: a fiber that hands out an item each time it is resumed. */
#include <boost/context/fiber.hpp>
#include <utility>

#include "bench.h"

namespace context = boost::context;

static void ask(long count)
{
    long item = 0, sum = 0;
    bool done = false;
    context::fiber fiber([&](context::fiber &&consumer) {
        for (long i = 0; i < count; i++) {
            item = i;
            consumer = std::move(consumer).resume();
        }
        done = true;
        return std::move(consumer);
    });
    for (;;) {
        fiber = std::move(fiber).resume();
        if (done)
            break;
        sum += item;
    }
    bench_require(sum == count * (count - 1) / 2, "each item came");
}

static const struct measure measures[] = {{"generator", 5000000, ask, false}, {}};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, measures);
}
