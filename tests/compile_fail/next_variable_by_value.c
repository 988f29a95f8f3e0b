// error: a value is stored through the address of a variable: &v
/* SPDX-License-Identifier: MIT */
/* The variable itself in place of its address. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct range r = range(3);
    int x = 0;
    while (eddy_next(&r, x))
        printf("%d\n", x);
    return 0;
}
