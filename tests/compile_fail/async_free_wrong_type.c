// error: incompatible
/* SPDX-License-Identifier: MIT */
/* The function that frees takes the result's type. */
#include <eddy/keywords.h>
#include "common.h"

static void close_point(struct point point)
{
    (void)point;
}
async_free(f, close_point);
