// error: needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* Two wrong operands: the second is not told of, if the compiler can stop. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(eddy_gather(1, 2));
    return 0;
}
