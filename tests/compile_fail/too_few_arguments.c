// error: too few arguments
/* SPDX-License-Identifier: MIT */
/* Arguments are bound, and checked, at the call. */
#include "common.h"

async(int, g)
{
    return await(f());
}
