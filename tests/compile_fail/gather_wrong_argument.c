// error: makes integer from pointer|incompatible pointer to integer
/* SPDX-License-Identifier: MIT */
/* f takes an int. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(eddy_gather(f(1), f("two"), f(3)));
    return 0;
}
