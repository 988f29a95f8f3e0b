// error: a parameter is a type and a name in parentheses
/* SPDX-License-Identifier: MIT */
/* A word of C cannot be a name. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int, default))
{
    return 1;
}

async(int, main_task)
{
    return await(g(1));
    return 0;
}
