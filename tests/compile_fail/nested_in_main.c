// error: functions do not nest: define coroutines and generators outside of functions
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

int main(void)
{
    generator(int, inner, (int, n))
    {
        yield(n);
    }
    for_each (x, inner(3))
        (void)x;
    return 0;
}
