// error: void value not ignored|initializing 'int' with an expression of incompatible type 'void'
/* SPDX-License-Identifier: MIT */
/* The await of a void coroutine is a void expression. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int x = await(nothing());
    return x;
}
