// error: for_each takes a name without a type, which it declares: for_each \(x, g\(\)\)
// plain: 47
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    for_each (int, x, count(3))
        (void)x;
    return 0;
}
