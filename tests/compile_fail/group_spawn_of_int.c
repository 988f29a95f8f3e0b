// error: eddy_group_spawn needs a coroutine value
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, 5);
    return 0;
}
