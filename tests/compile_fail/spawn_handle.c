// error: spawn needs a coroutine value: spawn\(f\(x\)\)
/* SPDX-License-Identifier: MIT */
/* A task cannot be spawned again. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    struct f **u = spawn(t);
    return u != NULL;
}
