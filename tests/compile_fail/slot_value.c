// error: the slot must be the address of a variable of the result type
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int sum = 0;
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, f(1), sum);
    return sum;
}
