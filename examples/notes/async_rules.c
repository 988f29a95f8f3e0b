/* SPDX-License-Identifier: MIT */
/* async_rules.c - what an async function may hold. The two forms that are errors would not
 * compile here either:
 *
 *     async(int, m, (int, x)) { yield_from(gen(x)); return 0; }
 *     // error: 'yield_outside_generator' undeclared
 *     int m(int x) { int y = await(z(x)); return y; }
 *     // error: 'await_outside_async_function' undeclared */
#include <eddy/keywords.h>
#include <stdio.h>

async(int, z, (int, x))
{
    await(eddy_sleep(0.1));
    return x * x;
}

async(int, f, (int, x))
{
    int y = await(z(x)); /* fine: await and return */
    return y;
}

async_generator(int, g, (int, x))
{
    yield(x); /* fine: an async generator */
    yield(await(z(x)));
}

async(void, main_task)
{
    printf("f: %d\n", await(f(3)));
    async_for (value, g(4))
        printf("g: %d\n", value);
}

int main(void)
{
    return eddy_run(main_task());
}
