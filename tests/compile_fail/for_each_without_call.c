// error: for_each needs a generator
/* SPDX-License-Identifier: MIT */
/* A name of a generator is none yet. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    for_each (n, range)
        printf("%d\n", n);
    return 0;
}
