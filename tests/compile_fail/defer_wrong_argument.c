// error: incompatible
// lines: 11
/* SPDX-License-Identifier: MIT */
/* The call is checked as if it stood there. */
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
