// error: 'return' with a value|should not return a value
/* SPDX-License-Identifier: MIT */
/* A generator(Y, ...) returns nothing; use generator_full for a result. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield(1);
    return 5;
}
