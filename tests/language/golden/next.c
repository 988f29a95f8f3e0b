/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

generator(int, countdown, (int, n))
{
    yield(n);
}

int first(int n);
int first(int n)
{
    struct countdown g = countdown(n);
    int v = 0;
// expanded:
    eddy_next(&g, &v);
    return v;
// end
}
