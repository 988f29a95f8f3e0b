// error: implicit declaration of function .gather
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(gather(f(1), f(2)));
    return 0;
}
