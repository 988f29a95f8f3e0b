/* SPDX-License-Identifier: MIT */
/* higher_order.c - functions over async functions: a table of them, and a wrapper that takes any
 * of them. */
#include <eddy/keywords.h>
#include <stdio.h>

async_type(int, operation, (int, n)); /* the type of async functions from int to int */

async(int, add, (int, n))
{
    await(eddy_sleep(1));
    return n + 1;
}

async(int, square, (int, n))
{
    await(eddy_sleep(2));
    return n * n;
}

async(int, twice, (operation, function), (int, n))
{
    return await(function(await(function(n))));
}

async(void, main_task)
{
    struct {
        const char *name;
        operation function;
    } table[] = {{"add", operation_of(add)}, {"square", operation_of(square)}};
    for (int i = 0; i < 2; i++) {
        int once = await(table[i].function(5));
        printf("%s: %d, twice %d\n", table[i].name, once, await(twice(table[i].function, 5)));
    }
}

int main(void)
{
    return eddy_run(main_task());
}
