// error: eddy_anext needs the address of an async generator
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f sum = f(1);
    int n;
    return await(eddy_anext(&sum, &n));
}
