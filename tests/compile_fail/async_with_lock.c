// error: async_with needs a block, as eddy_timeout\(1\), eddy_lock_hold\(&lock\)
/* SPDX-License-Identifier: MIT */
/* Python: async with lock. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    async_with (held, lock)
        (void)held;
    return 0;
}
