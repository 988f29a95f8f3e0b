// error: no array can be returned: return a pointer or a struct
/* SPDX-License-Identifier: MIT */
/* C functions do not return arrays. */
#include <eddy/keywords.h>
#include "common.h"

async(char[20], g)
{
    return "text";
}
