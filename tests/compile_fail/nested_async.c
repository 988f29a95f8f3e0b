// error: functions do not nest: define coroutines and generators outside of functions
/* SPDX-License-Identifier: MIT */
/* As in Python. */
#include <eddy/keywords.h>
#include "common.h"

async(int, outer)
{
    async(int, inner, (int, n))
    {
        return await(f(n));
    }
    return await(inner(1));
}
