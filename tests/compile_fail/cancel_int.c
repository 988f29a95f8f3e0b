// error: this needs a task handle, an eddy_task \* or a future
/* SPDX-License-Identifier: MIT */
/* A task is identified by its handle. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_cancel(5);
    return 0;
}
