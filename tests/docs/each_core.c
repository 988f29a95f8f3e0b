/* SPDX-License-Identifier: MIT */
/* each_core.c - one coroutine on two cores, each with its part of the work */
#include <stdio.h>
#include <eddy/keywords.h>

enum { CORES = 2 };

static long sums[CORES]; /* each core writes its own; main reads them after the end of all */

async(void, sum_part, (long, n))
{
    int i = eddy_core_index();
    for (long x = i; x < n; x += eddy_core_count()) {
        sums[i] += x;
        if (x % 1000 == i)
            await(eddy_sleep(0)); /* the loop's other tasks get their turn */
    }
}

int main(void)
{
    int status = eddy_run_on_cores(CORES, sum_part(10000));
    if (status == 0)
        printf("%ld\n", sums[0] + sums[1]);
    return status;
}
