/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

generator(int, countdown, (int, n))
{
    yield(n);
}

int sum(int n);
int sum(int n)
{
    int total = 0;
// expanded:
    for_each (x, countdown(n))
        total += x;
    return total;
// end
}
