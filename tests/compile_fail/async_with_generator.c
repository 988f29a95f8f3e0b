// error: async_with needs a block, as eddy_timeout\(1\)
/* SPDX-License-Identifier: MIT */
/* eddy_manager_from_generator(g) makes a manager of it. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (x, range(1))
        (void)x;
    return 0;
}
