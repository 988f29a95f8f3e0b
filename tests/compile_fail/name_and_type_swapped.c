// error: this needs a type, a name that is no keyword, then the parameters
/* SPDX-License-Identifier: MIT */
/* The result comes first. */
#include <eddy/keywords.h>
#include "common.h"

async(g, int, (int, n))
{
    return n;
}
