// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'async for' outside async function. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    async_for (x, ticker(1))
        (void)x;
    return 0;
}
