// error: for_each takes a name without a type, which it declares: for_each \(x, g\(\)\)
/* SPDX-License-Identifier: MIT */
/* A type of which the preprocessor knows nothing. */
#include <eddy/keywords.h>
#include "common.h"

generator(struct point, points)
{
    yield(((struct point){1, 2}));
}

async(int, g)
{
    for_each (uint8_t x, range(3))
        printf("%d\n", x);
    return 0;
}
