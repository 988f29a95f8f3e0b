// error: a loop takes a name, a generator and perhaps &err
/* SPDX-License-Identifier: MIT */
/* An argument too many. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    for_each (x, range(3), NULL, 3)
        printf("%d\n", x);
    return 0;
}
