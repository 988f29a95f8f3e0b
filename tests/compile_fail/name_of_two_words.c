// error: a name is one word
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, my-task, (int, n))
{
    return n;
}
