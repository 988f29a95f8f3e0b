// error: eddy_group_spawn takes a group, a coroutine
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_group_spawn(f(1));
    return 0;
}
