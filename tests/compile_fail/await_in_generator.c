// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* A generator may not await; an async_generator may. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield(await(f(1)));
}
