/* SPDX-License-Identifier: MIT */
/* generator.cpp - C++20: a stackless generator; not inlined, for that would leave no generator to measure. */
#include <coroutine>
#include <exception>

#include "bench.h"

struct generator {
    struct promise_type {
        long value = 0;

        generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(long item)
        {
            value = item;
            return {};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };

    std::coroutine_handle<promise_type> handle;
};

__attribute__((noinline)) static generator numbers(long count)
{
    for (long i = 0; i < count; i++)
        co_yield i;
}

static void ask(long count)
{
    generator items = numbers(count);
    long sum = 0;
    for (items.handle.resume(); !items.handle.done(); items.handle.resume())
        sum += items.handle.promise().value;
    items.handle.destroy();
    bench_require(sum == count * (count - 1) / 2, "each item came");
}

static const struct measure measures[] = {{"generator", 5000000, ask, false}, {}};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, measures);
}
