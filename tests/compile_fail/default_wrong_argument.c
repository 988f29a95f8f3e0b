// error: incompatible
/* SPDX-License-Identifier: MIT */
/* mygen(x) is the full call. */
#include <eddy/keywords.h>
#include "common.h"

#define range(...) async_default(range, (10), ##__VA_ARGS__)

int main(void)
{
    struct point p = {1, 2};
    for_each (x, range(p))
        (void)x;
    return 0;
}
