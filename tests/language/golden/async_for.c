/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

async_generator(int, ticker, (int, n))
{
    yield(n);
}

async(int, sum)
{
    int total = 0;
// expanded:
    async_for (x, ticker(3))
        total += x;
    return total;
// end
}
