// error: incompatible type
/* SPDX-License-Identifier: MIT */
/* The argument is a coroutine value. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    int n = await(f(f(1)));
    printf("%d\n", n);
    return 0;
}
