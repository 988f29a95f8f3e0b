// error: eddy_slep
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(eddy_slep(1));
    return 0;
}
