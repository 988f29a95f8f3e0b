// error: no member named
/* SPDX-License-Identifier: MIT */
/* A generator that yields once is needed. */
#include "common.h"

async(int, g)
{
    async_with (x, eddy_manager_from_generator(f(1)))
        (void)x;
    return 0;
}
