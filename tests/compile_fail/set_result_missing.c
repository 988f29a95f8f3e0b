// error: eddy_set_result: this future needs a value
/* SPDX-License-Identifier: MIT */
/* eddy_set_result(f) without a value is for future_of(void). */
#include <eddy/keywords.h>
#include "common.h"

typedef future_of(int) int_future;

async(int, g)
{
    int_future *future = eddy_future_new(int_future);
    eddy_set_result(future);
    return 0;
}
