// error: needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: object int can't be used in 'await' expression. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(5);
    return 0;
}
