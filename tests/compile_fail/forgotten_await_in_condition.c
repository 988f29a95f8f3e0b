// error: used struct type value where scalar|statement requires expression of scalar type
/* SPDX-License-Identifier: MIT */
/* The same where a condition stands. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    if (f(1))
        puts("yes");
    return 0;
}
