/* SPDX-License-Identifier: MIT */
/* defaults.c - default arguments: async_default, and a macro of one's own. */
#include <eddy/keywords.h>
#include "check.h"

async_generator(int, mygen, (int, u))
{
    for (int i = 0; i < u; i++)
        yield(1 << i);
}
#define mygen(...) async_default(mygen, (10), ##__VA_ARGS__)

async(int, add, (int, a), (int, b))
{
    return a + b;
}
#define add(...) async_default(add, (1, 2), ##__VA_ARGS__)

generator(int, range, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}
#define range(...) async_default(range, (3), ##__VA_ARGS__)

/* Only the last argument has a default: a macro of one's own. */
async(int, scale, (int, n), (int, factor))
{
    return n * factor;
}
#define scale_1(n) scale(n, 2)
#define scale_2(n, factor) scale(n, factor)
#define scale_choose(a, b, name, ...) name
#define scaled(...) scale_choose(__VA_ARGS__, scale_2, scale_1, )(__VA_ARGS__)

async(int, main_task)
{
    int count = 0;
    async_for (x, mygen())
        count += x != 0;
    CHECK(count == 10);
    async_for (x, mygen(4))
        count += x != 0;
    CHECK(count == 14);
    CHECK(await(add()) == 3 && await(add(5, 6)) == 11);
    struct add *t = spawn(add());
    CHECK(await(t) == 3);
    for_each (x, range())
        count++;
    for_each (x, range(2))
        count++;
    CHECK(count == 19);
    CHECK(await(scaled(4)) == 8 && await(scaled(4, 5)) == 20);
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
