// error: async_with takes a name and a block
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (eddy_timeout(1))
        return 1;
    return 0;
}
