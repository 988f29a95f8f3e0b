/* SPDX-License-Identifier: MIT */
/* countasync.c - three counts at once: they all say One before any of them says Two. */
#include <eddy/keywords.h>
#include <stdio.h>

async(void, count)
{
    puts("One");
    await(eddy_sleep(1));
    puts("Two");
}

async(void, main_task)
{
    double start = eddy_time();
    await(eddy_gather(count(), count(), count()));
    printf("countasync executed in %0.2f seconds.\n", eddy_time() - start);
}

int main(void)
{
    return eddy_run(main_task());
}
