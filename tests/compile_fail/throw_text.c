// error: throw needs a code first: throw\(EINVAL,
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    throw("the port is not valid");
}
