// error: eddy_move_on_after takes seconds and perhaps &fired
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (block, eddy_move_on_after())
        return 1;
    return 0;
}
