// error: incompatible
/* SPDX-License-Identifier: MIT */
/* The function takes the result. */
#include "common.h"

static void close_point(struct point point)
{
    (void)point;
}
async_free(f, close_point);
