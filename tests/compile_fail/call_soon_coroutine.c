// error: a callback is a plain function: spawn the coroutine in one
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: coroutines cannot be used with call_soon(). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_call_soon(f, 1);
    return 0;
}
