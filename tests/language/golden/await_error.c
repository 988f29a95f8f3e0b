/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

async(int, fetch, (int, n))
{
    return n;
}

async(int, caller)
{
    eddy_error err;
// expanded:
    int value = await(fetch(5), &err);
    return value;
// end
}
