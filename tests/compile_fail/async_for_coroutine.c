// error: async_for needs an async generator: async_for \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: 'async for' requires an object with __aiter__ method. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_for (x, f(1))
        (void)x;
    return 0;
}
