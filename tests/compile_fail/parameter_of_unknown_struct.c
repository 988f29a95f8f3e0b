// error: incomplete type
/* SPDX-License-Identifier: MIT */
/* The header of the struct is missing. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (struct unknown, u))
{
    return u.x;
}
