// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* Python: RuntimeWarning: coroutine 'f' was never awaited. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    f(1);
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
