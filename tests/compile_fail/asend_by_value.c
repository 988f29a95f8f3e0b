// error: eddy_asend needs the address of an async generator
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct ticker t = ticker(3);
    int n;
    return await(eddy_asend(t, 1, &n));
}
