/* SPDX-License-Identifier: MIT */
/* countsync.c - the same three counts one after the other: each sleep holds everything up.
 *
 * count is a plain function, and its sleep blocks the thread. There is only one task, so nothing else
 * runs meanwhile. */
#include <eddy/keywords.h>
#include <stdio.h>

static void count(void)
{
    eddy_error err;
    puts("One");
    eddy_await(eddy_sleep(1), &err);
    puts("Two");
}

async(void, main_task)
{
    double start = eddy_time();
    for (int i = 0; i < 3; i++)
        count();
    printf("countsync executed in %0.2f seconds.\n", eddy_time() - start);
}

int main(void)
{
    return eddy_run(main_task());
}
