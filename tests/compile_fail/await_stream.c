// error: await needs a coroutine, a task, a future or another awaitable
/* SPDX-License-Identifier: MIT */
/* A stream is no awaitable: a read of it is. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    eddy_stream *stream = NULL;
    await(stream);
    return 0;
}
