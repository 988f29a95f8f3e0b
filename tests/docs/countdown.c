/* SPDX-License-Identifier: MIT */
/* countdown.c - a generator that is sent values and closed */
#include <stdio.h>
#include <eddy/keywords.h>

generator(int, countdown, (int, n))
{
    while (n > 0)
        yield(n--);
}

async_generator(int, ticks, (int, n))
{
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(1));
        yield(i);
    }
}

async(void, main_task)
{
    for_each (x, countdown(3))
        printf("%d\n", x);
    async_for (x, ticks(2))
        printf("tick %d\n", x);
    struct countdown g = countdown(2); /* by hand: */
    for (int x; eddy_next(&g, &x);)
        printf("then %d\n", x);
}

int main(void)
{
    return eddy_run(main_task());
}
