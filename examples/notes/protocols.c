/* SPDX-License-Identifier: MIT */
/* protocols.c - loops and blocks have two protocols each: one that may wait and one that may
 * not.
 *
 * A manager can be written as a generator that yields once; async_manager.c shows the long form. */
#include <eddy/keywords.h>
#include <stdio.h>

generator(int, countdown, (int, n))
{
    for (; n > 0; n--)
        yield(n);
}

async_generator(int, slow_countdown, (int, n))
{
    for (; n > 0; n--) {
        await(eddy_sleep(1));
        yield(n);
    }
}

generator(const char *, line, (const char *, text))
{
    printf("<%s>\n", text);
    yield(text);
    printf("</%s>\n", text);
}

async_generator(const char *, slow_line, (const char *, text))
{
    await(eddy_sleep(1));
    printf("<%s>\n", text);
    yield(text);
    await(eddy_sleep(1));
    printf("</%s>\n", text);
}

async(void, main_task)
{
    double start = eddy_time();
    async_with (text, eddy_manager_from_generator(line("for")))
        for_each (x, countdown(3))
            printf("%d\n", x);
    printf("%.0f seconds\n", eddy_time() - start);
    async_with (text, eddy_manager_from_generator(slow_line("async for")))
        async_for (x, slow_countdown(3))
            printf("%d\n", x);
    printf("%.0f seconds\n", eddy_time() - start);
}

int main(void)
{
    return eddy_run(main_task());
}
