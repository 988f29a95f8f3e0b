// error: spawn needs a coroutine value
/* SPDX-License-Identifier: MIT */
/* A plain function runs at once; blocking runs it in a thread. */
#include <eddy/keywords.h>
#include "common.h"

static int plain(int n)
{
    return n;
}

async(int, main_task)
{
    spawn(plain(1));
    return 0;
}
