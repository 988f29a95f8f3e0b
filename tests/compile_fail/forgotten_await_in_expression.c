// error: invalid operands to binary
/* SPDX-License-Identifier: MIT */
/* A coroutine value is no number. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    int n = f(1) + f(2);
    printf("%d\n", n);
    return 0;
}
