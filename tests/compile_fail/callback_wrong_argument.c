// error: incompatible
/* SPDX-License-Identifier: MIT */
/* The arguments are checked like those of a direct call. */
#include <eddy/keywords.h>
#include "common.h"

static void close_point(struct point *p)
{
    (void)p;
}

async(int, g)
{
    int i = 0;
    eddy_call_later(1.0, close_point, &i);
    return i;
}
