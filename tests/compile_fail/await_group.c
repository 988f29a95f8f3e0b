// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A group is joined at the end of its block. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    eddy_group *group = NULL;
    await(group);
    return 0;
}
