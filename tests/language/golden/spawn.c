/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

async(int, fetch, (int, n))
{
    return n;
}

async(int, caller)
{
// expanded:
    struct fetch *t = spawn(fetch(5));
    return await(t);
// end
}
