/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

async(int, fetch, (int, n))
{
    return n;
}

async(int, caller)
// expanded:
{
    return await(fetch(5));
}
// end
