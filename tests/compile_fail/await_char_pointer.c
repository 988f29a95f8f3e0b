// error: needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A pointer to any other type is not awaitable either. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (char *, text))
{
    await(text);
    return 0;
}
