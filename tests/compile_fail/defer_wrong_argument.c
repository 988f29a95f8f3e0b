// error: incompatible
/* SPDX-License-Identifier: MIT */
/* The arguments are checked like those of a direct call. */
#include <eddy/keywords.h>
#include "common.h"

static void close_point(struct point *p)
{
    (void)p;
}

int main(void)
{
    int i = 0;
    defer(close_point, &i);
    return i;
}
