// error: unknown type name
// plain: 400
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(strnig, g)
{
    return 0;
}
