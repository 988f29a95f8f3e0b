// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* A sleep must be awaited: await(eddy_sleep(1)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    eddy_sleep(1);
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
