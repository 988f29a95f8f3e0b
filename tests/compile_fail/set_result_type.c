// error: incompatible types when assigning|assigning to 'struct point' from incompatible type 'int'
/* SPDX-License-Identifier: MIT */
/* A future has a result type. */
#include <eddy/keywords.h>
#include "common.h"

typedef future_of(struct point) point_future;

async(int, g)
{
    point_future *future = eddy_future_new(point_future);
    eddy_set_result(future, 5);
    return 0;
}
