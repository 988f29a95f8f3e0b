// error: async_for needs an async generator
/* SPDX-License-Identifier: MIT */
/* A number is nothing to walk through. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    async_for (n, 3)
        printf("%d\n", n);
    return 0;
}
