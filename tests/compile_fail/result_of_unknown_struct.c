// error: incomplete type
// plain: 41
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(struct pont, origin)
{
    struct { int x, y; } point = {0, 0};
    return point;
}

async(int, g)
{
    await(origin());
    return 0;
}
