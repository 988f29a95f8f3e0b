/* SPDX-License-Identifier: MIT */
/* generator_coroutine.c - before `async def` a coroutine was a generator that yielded what it
 * waited for. */
#include <eddy/keywords.h>
#include <stdio.h>

async(int, stuff, (int, n))
{
    await(eddy_sleep(n));
    return 10 * n;
}

generator_full(eddy_awaitable *, void, int, py34_coro, (int, n))
{
    puts("generator-based: wait");
    struct stuff wanted = stuff(n);
    yield(&wanted.awaitable);
    return wanted.result + 1;
}

async(int, py35_coro, (int, n))
{
    puts("native: wait");
    int result = await(stuff(n));
    return result + 1;
}

async(void, main_task)
{
    printf("%d\n", await(eddy_from_generator(py34_coro(1))));
    printf("%d\n", await(py35_coro(2)));
}

int main(void)
{
    return eddy_run(main_task());
}
