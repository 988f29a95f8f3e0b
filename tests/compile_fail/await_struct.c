// error: no member named 'awaitable'
/* SPDX-License-Identifier: MIT */
/* An awaitable's first member is `struct eddy_awaitable awaitable`. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct point p = {1, 2};
    await(p);
    return 0;
}
