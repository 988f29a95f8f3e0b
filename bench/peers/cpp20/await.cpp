/* SPDX-License-Identifier: MIT */
/* await.cpp - C++20: co_await of a coroutine that does not suspend, resumed by symmetric transfer. */
#include <coroutine>
#include <exception>

#include "bench.h"

struct task {
    struct promise_type {
        int value = 0;
        std::coroutine_handle<> awaiter = std::noop_coroutine();

        task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct last {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept
            {
                return self.promise().awaiter;
            }
            void await_resume() noexcept {}
        };
        last final_suspend() noexcept { return {}; }
        void return_value(int result) { value = result; }
        void unhandled_exception() { std::terminate(); }
    };

    std::coroutine_handle<promise_type> handle;

    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter)
    {
        handle.promise().awaiter = awaiter;
        return handle;
    }
    int await_resume()
    {
        int value = handle.promise().value;
        handle.destroy();
        return value;
    }
};

__attribute__((noinline)) static int plain(int n)
{
    asm volatile("" : "+r"(n));
    return n + 1;
}

static task call_plain(int n)
{
    co_return plain(n);
}

static task await_many(long count)
{
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += co_await call_plain((int)i);
    bench_require(sum == count * (count + 1) / 2, "each await gave its value");
    co_return 0;
}

static void ask(long count)
{
    task all = await_many(count);
    all.handle.resume();
    bench_require(all.handle.done(), "it came to its end");
    all.handle.destroy();
}

static const struct measure measures[] = {{"await", 5000000, ask, false}, {}};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, measures);
}
