// error: a pointer to a function needs a name
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int (*)(int), callback))
{
    return callback(1);
}

static int twice(int n)
{
    return 2 * n;
}

async(int, h)
{
    return await(g(twice));
}
