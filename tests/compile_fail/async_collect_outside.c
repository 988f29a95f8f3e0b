// error: await_outside_async_function
/* SPDX-License-Identifier: MIT */
/* Python: SyntaxError: asynchronous comprehension outside of an asynchronous function. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    list_of(int) all = {0};
    async_collect(&all, x, x, ticker(3));
    return 0;
}
