// error: needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A handle without its type does not say what it results in: keep it as an eddy_task *. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (void *, handle))
{
    await(handle);
    return 0;
}
