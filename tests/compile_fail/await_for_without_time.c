// error: await_for needs a time: await_for\(x, seconds\)
/* SPDX-License-Identifier: MIT */
/* The time has no default. */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    await_for(f(1));
}
