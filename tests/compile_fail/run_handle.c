// error: eddy_run needs a coroutine value: eddy_run\(main_task\(\)\)
/* SPDX-License-Identifier: MIT */
/* There is no loop yet that could have spawned it. */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    struct f *t = NULL;
    return eddy_run(t);
}
