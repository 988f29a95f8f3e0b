// error: expected ('?,'? or )?';'|expected ';'
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int x = await(f(1))
    return x;
}
