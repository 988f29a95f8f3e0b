// error: passing 'struct point'|incompatible type for argument 1 of 'range'
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (struct point, p))
{
    for_each (x, range(p))
        printf("%d\n", x);
    return 0;
}
