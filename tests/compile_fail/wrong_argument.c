// error: incompatible type for argument 1 of 'f'|passing 'struct point' to parameter of incompatible type
/* SPDX-License-Identifier: MIT */
/* Arguments are bound and checked at the call. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct point p = {1, 2};
    return await(f(p));
}
