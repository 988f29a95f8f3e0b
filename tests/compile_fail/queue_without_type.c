// error: .eddy_queue. is unavailable: a queue has the type of its items: queue_of\(int\) q
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_queue q;
    eddy_queue_init(&q, 3);
    await(eddy_queue_put(&q, 1));
    return await(eddy_queue_get(&q));
}
