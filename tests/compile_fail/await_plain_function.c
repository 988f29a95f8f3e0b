// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A plain function runs at once. */
#include <eddy/keywords.h>
#include "common.h"

static int plain(int n)
{
    return n;
}

async(int, main_task)
{
    return await(plain(1));
    return 0;
}
