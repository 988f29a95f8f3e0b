// error: makes integer from pointer|pointer to integer conversion
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return "text";
}
