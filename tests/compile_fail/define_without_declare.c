// error: unknown type name .g__has_no_async_declare.
/* SPDX-License-Identifier: MIT */
/* async_define needs an async_declare, usually in a header. */
#include <eddy/keywords.h>
#include "common.h"

async_define(int, g, (int, n))
{
    return n;
}
