// error: unknown type name 'first_t'
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (first_t *, a), (second_t *, b))
{
    return a && b;
}
