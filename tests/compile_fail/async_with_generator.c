// error: no member named 'manager'
/* SPDX-License-Identifier: MIT */
/* eddy_manager_from_generator(g) makes one of it. */
#include "common.h"

async(int, g)
{
    async_with (x, range(1))
        (void)x;
    return 0;
}
