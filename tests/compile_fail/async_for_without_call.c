// error: async_for needs an async generator
/* SPDX-License-Identifier: MIT */
/* A name of a generator is none yet. */
#include <eddy/keywords.h>
#include "common.h"

async(int, main_task)
{
    async_for (n, ticker)
        printf("%d\n", n);
    return 0;
}
