// error: no member named 'future'
/* SPDX-License-Identifier: MIT */
/* A task sets its own result. Python: RuntimeError: Task does not support set_result operation. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    eddy_set_result(t, 5);
    return 0;
}
