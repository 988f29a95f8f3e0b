// error: conflicting types
/* SPDX-License-Identifier: MIT */
/* async_define must repeat what async_declare declared. */
#include <eddy/keywords.h>
#include "common.h"

async_declare(int, g, (int, n));
async_define(int, g, (long, n))
{
    return (int)n;
}
