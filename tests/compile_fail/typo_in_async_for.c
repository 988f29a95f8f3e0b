// error: tikcer
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_for (x, tikcer(3))
        printf("%d\n", x);
    return 0;
}
