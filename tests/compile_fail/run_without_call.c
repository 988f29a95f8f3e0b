// error: eddy_run needs a coroutine value
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    return 0;
}

int main(void)
{
    return eddy_run(main_task);
}
