// error: eddy_run needs a coroutine value: eddy_run\(main_task\(\)\)
/* SPDX-License-Identifier: MIT */
/* Python: ValueError: a coroutine was expected, got <generator object>. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return eddy_run(ticker(1));
}
