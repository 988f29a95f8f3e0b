// error: await takes one or two arguments
/* SPDX-License-Identifier: MIT */
/* A compound literal needs parentheses around it. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_error err;
    return await(f(1), &err, 5);
}
