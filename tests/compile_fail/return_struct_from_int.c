// error: incompatible types when returning|returning 'struct point' from a function with incompatible result type
/* SPDX-License-Identifier: MIT */
/* The body returns the declared type. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct point p = {1, 2};
    return p;
}
