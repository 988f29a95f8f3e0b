// error: numbres
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    async_for (x, numbres)
        (void)x;
}
