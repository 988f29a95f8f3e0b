// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* The body of a blocking function runs on another thread, where nothing can be awaited. */
#include <eddy/keywords.h>
#include "common.h"

blocking(int, g)
{
    return await(f(1));
}
