// error: eddy_tiemout
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (scope, eddy_tiemout(1))
        await(nothing());
    return 0;
}
