// error: is a } missing above
/* SPDX-License-Identifier: MIT */
/* The block of the function before is not closed. */
#include <eddy/keywords.h>
#include "common.h"

async(int, open_block, (int, n))
{
    if (n) {
        return 1;
    return n;
}

async(int, main_task)
{
    return 0;
}
