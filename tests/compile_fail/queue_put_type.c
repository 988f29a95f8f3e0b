// error: incompatible types when assigning|assigning to .*'struct point'.* from incompatible type 'int'
/* SPDX-License-Identifier: MIT */
/* A queue has an item type. */
#include <eddy/keywords.h>
#include "common.h"

typedef queue_of(struct point) point_queue;

async(int, g)
{
    point_queue queue;
    eddy_queue_init(&queue, 0);
    await(eddy_queue_put(&queue, 5));
    return 0;
}
