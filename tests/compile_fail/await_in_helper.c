// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* A plain function is outside, even if only async functions call it. */
#include <eddy/keywords.h>
#include "common.h"

static int helper(int n)
{
    return await(f(n));
}

async(int, g)
{
    return helper(1);
}
