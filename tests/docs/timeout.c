/* SPDX-License-Identifier: MIT */
/* timeout.c - a block with a timeout */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

async(void, slow)
{
    await(eddy_sleep(3600));
}

async(void, within)
{
    async_with (scope, eddy_timeout(2)) {
        await(eddy_sleep(1));
        eddy_reschedule(scope, eddy_time() + 5);
        await(slow());
    }
}

async(void, main_task)
{
    eddy_error err;
    double start = eddy_time();
    await(within(), &err);
    printf("%.0f s: %s\n", eddy_time() - start, eddy_error_name(err.code));
    await_for(slow(), 1.0, &err);
    printf("%.0f s: %s: %s\n", eddy_time() - start, eddy_error_name(err.code), err.message);
}

int main(void)
{
    return eddy_run(main_task());
}
