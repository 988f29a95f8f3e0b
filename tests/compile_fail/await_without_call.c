// error: needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* The function is not its coroutine: await(f(1)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return await(f);
}
