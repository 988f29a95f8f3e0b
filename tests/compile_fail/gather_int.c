// error: eddy_gather needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A gather waits for awaitables. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(eddy_gather(f(1), 5));
    return 0;
}
