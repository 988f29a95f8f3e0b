// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: 'await' outside async function. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return await(f(1));
}
