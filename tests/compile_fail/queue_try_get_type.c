// error: eddy_queue_try_get: the variable must have the type of the items
/* SPDX-License-Identifier: MIT */
/* A queue has an item type. */
#include <eddy/keywords.h>
#include "common.h"

typedef queue_of(int) int_queue;

async(int, g)
{
    int_queue queue;
    struct point p;
    eddy_queue_init(&queue, 0);
    return eddy_queue_try_get(&queue, &p);
}
