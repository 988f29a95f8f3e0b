// error: a parameter has no default value here: see async_default
/* SPDX-License-Identifier: MIT */
/* As in Python. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int, n = 3))
{
    return n;
}
