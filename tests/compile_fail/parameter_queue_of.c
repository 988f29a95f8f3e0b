// error: the type of a result or parameter needs a name: typedef queue_of\(int\) q;
/* SPDX-License-Identifier: MIT */
/* Each queue_of(int) is another type. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (queue_of(int) *, q))
{
    return await(eddy_queue_get(q));
}
