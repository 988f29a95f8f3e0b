// error: incompatible
// lines: 11
/* SPDX-License-Identifier: MIT */
/* The function takes the result. */
#include <eddy/keywords.h>
#include "common.h"

static void close_point(struct point point)
{
    (void)point;
}
async_free(f, close_point);
