// error: the slot must be the address of a variable of the result type
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
