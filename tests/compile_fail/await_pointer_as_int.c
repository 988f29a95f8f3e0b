// error: integer from pointer|pointer to integer conversion
/* SPDX-License-Identifier: MIT */
/* An int from a pointer is an error, not a warning. */
#include <eddy/keywords.h>
#include "common.h"

async(char *, text)
{
    return NULL;
}

async(int, g)
{
    int length = await(text());
    return length;
}
