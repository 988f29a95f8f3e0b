// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* A plain function yields nothing. */
#include <eddy/keywords.h>
#include "common.h"

static void helper(int n)
{
    yield(n);
}

async(int, g)
{
    helper(1);
    return 0;
}
