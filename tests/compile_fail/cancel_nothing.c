// error: eddy_cancel takes a task and perhaps a reason
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_cancel();
    return 0;
}
