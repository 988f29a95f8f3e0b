// error: incomplete|struct g__context
// lines: 21
/* SPDX-License-Identifier: MIT */
/* async_define needs an async_declare, in a header as a rule. */
#include "common.h"

async_define(int, g, (int, n))
{
    return n;
}
