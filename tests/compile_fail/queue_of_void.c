// error: the items of a queue or a channel have a type
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    queue_of(void) q;
    eddy_queue_init(&q, 1);
    return 0;
}
