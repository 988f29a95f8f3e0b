// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'async with' outside async function. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    async_with (scope, eddy_timeout(1.0))
        yield(eddy_expired(scope));
}
