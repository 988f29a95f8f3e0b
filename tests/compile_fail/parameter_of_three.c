// error: a parameter is a type and a name in parentheses
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int, a, b))
{
    return a + b;
}
