// error: for_each takes a name without a type, which it declares: for_each \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* The variable has the type of what the generator yields. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int sum = 0;
    for_each (int x, range(3))
        sum += x;
    return sum;
}
