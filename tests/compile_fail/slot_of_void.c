// error: the slot must be the address of a variable of the result type
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
