// error: this needs the address of a queue: &q
/* SPDX-License-Identifier: MIT */
/* The queue itself in place of its address. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    queue_of(int) q;
    eddy_queue_init(&q, 3);
    await(eddy_queue_put(q, 3));
    return 0;
}
