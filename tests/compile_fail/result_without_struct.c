// error: unknown type name 'point'|must use 'struct' tag
/* SPDX-License-Identifier: MIT */
/* In C the type is struct point. */
#include <eddy/keywords.h>
#include "common.h"

async(point, g)
{
    struct point p = {1, 2};
    return p;
}
