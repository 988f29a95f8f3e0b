// error: eddy_manager_from_generator needs a generator that yields once
/* SPDX-License-Identifier: MIT */
/* A generator that yields once is needed. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (x, eddy_manager_from_generator(f(1)))
        (void)x;
    return 0;
}
