// error: async_for takes a name without a type, which it declares: async_for \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* The mistake about its generator is not reported at the same time. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int list[3] = {1, 2, 3}, sum = 0;
    async_for (const int x, list)
        sum += x;
    return sum;
}
