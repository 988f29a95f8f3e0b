// error: spawn needs a coroutine value: spawn\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: a coroutine was expected, got <generator object>. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct range *t = spawn(range(1));
    return t != NULL;
}
