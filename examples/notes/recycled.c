/* SPDX-License-Identifier: MIT */
/* recycled.c - coroutines chain into small pieces. The function can be used again, the coroutine
 * cannot.
 *
 * (C copies values: await(once) would await a fresh copy each time. Through a pointer it is one
 * object.) */
#include <eddy/keywords.h>
#include <stdio.h>

async(int, twice, (int, n))
{
    await(eddy_sleep(0.1));
    return 2 * n;
}

async(int, twice_and_add, (int, n), (int, m))
{
    return await(twice(n)) + m;
}

async(void, main_task)
{
    printf("%d\n", await(twice_and_add(await(twice_and_add(1, 2)), 3)));

    struct twice once = twice(5);
    printf("%d\n", await(&once));
    eddy_error err;
    await(&once, &err);
    if (err.code == EDDY_REUSED)
        puts("a coroutine object is awaited once");
}

int main(void)
{
    return eddy_run(main_task());
}
