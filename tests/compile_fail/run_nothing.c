// error: eddy_run needs a coroutine value: eddy_run\(main_task\(\)\)
/* SPDX-License-Identifier: MIT */
/* Which one? */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    return eddy_run();
}
