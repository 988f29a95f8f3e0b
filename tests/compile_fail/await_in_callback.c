// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

static void callback(int *n)
{
    *n = await(f(1));
}

async(int, g)
{
    int n = 0;
    eddy_call_soon(callback, &n);
    return n;
}
