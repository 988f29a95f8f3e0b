// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* A blocking function has no consumer to yield to. */
#include <eddy/keywords.h>
#include "common.h"

blocking(int, g)
{
    yield(1);
    return 0;
}
