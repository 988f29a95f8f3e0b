// error: a callback is a plain function: spawn the coroutine in one
/* SPDX-License-Identifier: MIT */
/* Calling an async function runs nothing. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    defer(f, 1);
    return 0;
}
