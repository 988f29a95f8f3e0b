// error: incompatible pointer type
/* SPDX-License-Identifier: MIT */
/* A handle has its coroutine's type. */
#include "common.h"

async(int, g)
{
    struct nothing *t = spawn(f(1));
    await(t);
    return 0;
}
