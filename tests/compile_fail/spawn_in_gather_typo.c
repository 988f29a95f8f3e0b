// error: rnage|nohting
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    await(eddy_gather(f(1), nohting()));
}
