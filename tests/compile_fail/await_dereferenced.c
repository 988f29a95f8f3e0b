// error: await takes the handle itself
/* SPDX-License-Identifier: MIT */
/* A copy of a task cannot be waited for. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    return await(*t);
}
