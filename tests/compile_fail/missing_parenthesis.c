// error: unterminated|expected
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return await(f(1);
}
