// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'async for' outside async function. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    async_for (x, ticker(1))
        yield(x);
}
