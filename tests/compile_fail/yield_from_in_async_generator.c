// error: yield_from_in_async_generator
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'yield from' inside async function. */
#include <eddy/keywords.h>
#include "common.h"

async_generator(int, g)
{
    yield_from(range(1));
}
