// error: pointer type
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int *result = spawn(f(1));
    (void)result;
    return 0;
}
