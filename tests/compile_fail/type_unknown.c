// error: unknown type name
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(strnig, g)
{
    return 0;
}
