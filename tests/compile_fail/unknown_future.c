// error: unknown type name 'number'
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (number *, n))
{
    return await(n);
}
