// error: async_with needs a block, as eddy_timeout\(1\)
/* SPDX-License-Identifier: MIT */
/*
 * Python: TypeError: 'coroutine' object does not support the asynchronous context manager
 * protocol.
 */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    async_with (x, f(1))
        (void)x;
    return 0;
}
