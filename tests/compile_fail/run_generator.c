// error: no member named '(awaitable|result)'
/* SPDX-License-Identifier: MIT */
/* Python: ValueError: a coroutine was expected, got <generator object>. */
#include "common.h"

int main(void)
{
    return eddy_run(ticker(1));
}
