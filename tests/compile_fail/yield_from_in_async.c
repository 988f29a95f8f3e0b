// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'yield from' inside async function. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    yield_from(range(1));
    return 0;
}
