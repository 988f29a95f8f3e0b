// error: eddy_group_spawn: the slot must have the result type of the coroutine
/* SPDX-License-Identifier: MIT */
/* The result is copied into the slot without a conversion. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    long slot;
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, f(1), &slot);
    return (int)slot;
}
