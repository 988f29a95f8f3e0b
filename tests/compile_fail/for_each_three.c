// error: the last argument must be the address of an eddy_error: &err
/* SPDX-License-Identifier: MIT */
/* Python: for i, x in enumerate(range(3)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    for_each (i, x, range(3))
        printf("%d %d\n", i, x);
    return 0;
}
