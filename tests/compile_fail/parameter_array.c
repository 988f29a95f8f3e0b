// error: a parameter cannot be an array: take a pointer
/* SPDX-License-Identifier: MIT */
/* An array of C is passed as a pointer to its first element. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int, values[3]))
{
    return values[0];
}
