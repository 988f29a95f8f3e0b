// error: eddy_gather takes at most 8 tasks: use eddy_gather_array\(tasks, n\)
/* SPDX-License-Identifier: MIT */
/* The limit of the preprocessor's loops is reported in words. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    await(eddy_gather(t, t, t, t, t, t, t, t, t));
    return 0;
}
