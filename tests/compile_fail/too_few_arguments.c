// error: too few arguments
/* SPDX-License-Identifier: MIT */
/* Arguments are bound and checked at the call. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return await(f());
}
