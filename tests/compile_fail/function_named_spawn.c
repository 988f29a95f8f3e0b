// error: expected identifier or '\('
/* SPDX-License-Identifier: MIT */
/* The name is a keyword, as a declaration and as a call. */
#include <eddy/keywords.h>
#include "common.h"

static int spawn(int n)
{
    return n;
}

async(int, main_task)
{
    return spawn(1);
    return 0;
}
