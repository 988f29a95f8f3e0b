// error: taskz
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    async_for (t, eddy_as_completed(taskz, 2))
        await(t);
}
