// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* The same through a pointer. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct range r = range(1);
    await(&r);
    return 0;
}
