// error: a parameter cannot be an array: take a pointer
/* SPDX-License-Identifier: MIT */
/* The same mistake with the brackets at the type. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int[3], values))
{
    return values[0];
}
