// error: cuont
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int count = 1;
    return await(spawn(f(cuont))) + count;
}
