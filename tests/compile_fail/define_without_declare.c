// error: incomplete|struct g__context
// plain: 110
// lines: 21
/* SPDX-License-Identifier: MIT */
/* async_define needs an async_declare, usually in a header. */
#include <eddy/keywords.h>
#include "common.h"

async_define(int, g, (int, n))
{
    return n;
}
