// error: taskz
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    eddy_cancel(taskz);
}
