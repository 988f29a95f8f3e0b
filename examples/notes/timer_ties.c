/* SPDX-License-Identifier: MIT */
/* timer_ties.c - timers for the same instant fire in the order in which they were set. */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

static void say(int number)
{
    printf("%d\n", number);
}

async(void, main_task)
{
    double when = eddy_time() + 1;
    for (int i = 0; i < 12; i++)
        if (!eddy_call_at(when, say, i))
            throw(ENOMEM);
    await(eddy_sleep(2));
}

int main(void)
{
    return eddy_run(main_task());
}
