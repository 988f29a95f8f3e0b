// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* A function that awaits and yields is an async_generator. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    yield(1);
    return 0;
}
