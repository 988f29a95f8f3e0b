// error: spawn needs a coroutine value: spawn\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* A function's name is not a coroutine: spawn(f(1)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return spawn(f) != NULL;
}
