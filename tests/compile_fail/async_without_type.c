// error: this needs a type, a name that is no keyword, then the parameters
/* SPDX-License-Identifier: MIT */
/* Python's spelling, without a result type. */
#include <eddy/keywords.h>
#include "common.h"

async(g, (int, n))
{
    return 1;
}
