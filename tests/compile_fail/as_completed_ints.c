// error: this needs an array of task handles
/* SPDX-License-Identifier: MIT */
/* The elements are handles. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int t[3] = {1, 2, 3};
    async_for (x, eddy_as_completed(t, 3))
        (void)x;
    return 0;
}
