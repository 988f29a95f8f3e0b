// error: this needs a task handle, an eddy_task \* or a future
/* SPDX-License-Identifier: MIT */
/* A coroutine that was not spawned is not running. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f coroutine = f(1);
    return eddy_cancel(coroutine);
}
