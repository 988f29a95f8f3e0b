// error: async_for takes a name and an async generator
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_for (ticker(3))
        return 1;
    return 0;
}
