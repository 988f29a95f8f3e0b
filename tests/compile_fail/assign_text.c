// error: makes integer from pointer|pointer to integer conversion|incompatible pointer to integer
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(char *, text)
{
    return "text";
}

async(int, g)
{
    int n = await(text());
    return n;
}
