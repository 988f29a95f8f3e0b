/* SPDX-License-Identifier: MIT */
/* levels.c - cancellation by levels: swallowing it once does not help */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

async(int, stubborn)
{
    async_with (scope, eddy_move_on_after(1)) {
        for (;;) {
            eddy_error err;
            await_always(eddy_sleep(60), &err); /* swallowed: the next one fails as well */
            printf("%s\n", eddy_error_name(err.code));
            async_with (shield, eddy_shield(5))
                await(eddy_sleep(2)); /* clean-up that has time to finish */
            await(eddy_sleep(60));
        }
    }
    return 1;
}

async(void, main_task)
{
    double start = eddy_time();
    eddy_error err;
    int result = await(stubborn(), &err);
    printf("%.0f s: result %d, code %d\n", eddy_time() - start, result, err.code);
}

int main(void)
{
    return eddy_run(main_task());
}
