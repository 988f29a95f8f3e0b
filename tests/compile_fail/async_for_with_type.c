// error: async_for takes a name without a type, which it declares: async_for \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* Nor is the mistake about its generator told at the same time. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int list[3] = {1, 2, 3}, sum = 0;
    async_for (const int x, list)
        sum += x;
    return sum;
}
