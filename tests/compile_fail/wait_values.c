// error: this needs an array of task handles
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: Passing coroutines is forbidden, use tasks explicitly. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f t[] = {f(1), f(2)};
    await(eddy_wait(t, 2, EDDY_ALL_COMPLETED));
    return 0;
}
