// error: eddy_aclose needs the address of an async generator
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct ticker t = ticker(3);
    await(eddy_aclose(t));
    return 0;
}
