// error: needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A function's name is not a coroutine: await(f(1)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return await(f);
}
