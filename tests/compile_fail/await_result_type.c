// error: invalid initializer|initializing 'struct point' with an expression of incompatible type
/* SPDX-License-Identifier: MIT */
/* The type of an await is the coroutine's result type. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct point p = await(f(1));
    return (int)p.x;
}
