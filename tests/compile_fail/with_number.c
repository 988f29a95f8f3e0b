// error: async_with
/* SPDX-License-Identifier: MIT */
/* A block with a limit of time is async_with (eddy_timeout(1)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    async_with (1.0)
        await(f(1));
    return 0;
}
