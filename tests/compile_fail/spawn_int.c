// error: spawn needs a coroutine value: spawn\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* Nothing to run. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return spawn(5) != NULL;
}
