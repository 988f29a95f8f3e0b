// error: spawn needs a coroutine value: spawn\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* An int is nothing to run. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return spawn(5) != NULL;
}
