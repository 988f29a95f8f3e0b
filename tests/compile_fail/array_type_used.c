// error: a parameter cannot be an array
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int[3], values))
{
    return values[0];
}

async(int, h)
{
    int values[3] = {1, 2, 3};
    return await(g(values));
}
