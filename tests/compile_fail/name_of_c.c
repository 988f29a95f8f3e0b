// error: a name that is no keyword
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, default, (int, n))
{
    return n;
}
