// error: eddy_set_result needs the address of a future
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

typedef future_of(int) number;

async(int, g)
{
    number n;
    eddy_set_result(n, 1);
    return 0;
}
