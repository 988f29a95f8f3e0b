// error: 'return' with a value|should not return a value
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'return' with value in async generator. */
#include <eddy/keywords.h>
#include "common.h"

async_generator(int, g)
{
    yield(1);
    return 5;
}
