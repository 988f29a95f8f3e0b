// error: async_with takes a name without a type, which it declares: async_with \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* async_with declares the name itself. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (eddy_group *group, eddy_task_group())
        eddy_group_spawn(group, f(1));
    return 0;
}
