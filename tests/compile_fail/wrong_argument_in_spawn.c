// error: passing 'struct point'|incompatible type for argument 1 of 'f'
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (struct point, p))
{
    return await(spawn(f(p)));
}
