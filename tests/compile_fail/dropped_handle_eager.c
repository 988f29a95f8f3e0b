// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* A handle must not be dropped: await it, detach the task, or spawn it in a group. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    spawn_eager(f(1));
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
