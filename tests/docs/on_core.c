/* SPDX-License-Identifier: MIT */
/* on_core.c - a table that belongs to core 0, asked by the other core */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

static int visits; /* only the loop of core 0 touches it, so it needs no lock */

async(int, count_visit, (int, limit))
{
    if (visits == limit)
        throw(EDQUOT, "%d visits are enough", limit);
    return ++visits;
}

async(int, visitor)
{
    if (eddy_core_index() == 0)
        return 0; /* its loop goes on until the others have ended */
    eddy_error err;
    for (int i = 0; i < 2; i++)
        printf("visit %d\n", await(eddy_on(eddy_core_loop(0), count_visit(2))));
    await(eddy_on(eddy_core_loop(0), count_visit(2)), &err);
    printf("%s: %s\n", eddy_error_name(err.code), err.message);
    return 0;
}

int main(void)
{
    return eddy_run_on_cores(2, visitor());
}
