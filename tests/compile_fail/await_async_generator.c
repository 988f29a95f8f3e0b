// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: object async_generator can't be used in 'await' expression. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(ticker(1));
    return 0;
}
