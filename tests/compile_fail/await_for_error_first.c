// error: await_for takes seconds, then perhaps &err
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_error err;
    await_for(eddy_sleep(1), &err, 1);
    return 0;
}
