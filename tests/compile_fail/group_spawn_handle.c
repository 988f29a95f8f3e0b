// error: eddy_group_spawn needs a coroutine value: eddy_group_spawn\(group, f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* A task belongs to the group that spawned it. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, t);
    return 0;
}
