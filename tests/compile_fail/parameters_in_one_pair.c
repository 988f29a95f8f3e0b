// error: a parameter is a type and a name in parentheses
/* SPDX-License-Identifier: MIT */
/* (int a, int b) are two parameters: (int, a), (int, b). */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g, (int a, int b))
{
    yield(a + b);
}

async(int, main_task)
{
    int sum = 0;
    for_each (x, g(1, 2))
        sum += x;
    return sum;
}
