// error: a parameter is a type and a name in parentheses
/* SPDX-License-Identifier: MIT */
/* C writes int n; a coroutine's parameter is written (int, n). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, int n)
{
    return 1;
}
