// error: await needs an awaitable: await\(x\) or await\(x, &err\)
/* SPDX-License-Identifier: MIT */
/* await() has nothing to wait for. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await();
    return 0;
}
