// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: object generator can't be used in 'await' expression. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(range(1));
    return 0;
}
