// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* The inner one has given the result. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    int n = await(await(f(1)));
    printf("%d\n", n);
    return 0;
}
