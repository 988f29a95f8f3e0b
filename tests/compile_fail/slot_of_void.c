// error: eddy_group_spawn: the slot must have the result type of the coroutine
/* SPDX-License-Identifier: MIT */
/* A void coroutine has no result. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int slot;
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, nothing(), &slot);
    return slot;
}
