// error: rnage
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    for_each (x, rnage(3))
        printf("%d\n", x);
    return 0;
}
