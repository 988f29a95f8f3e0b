// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* Closing may wait: await(eddy_aclose(&g)). */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct ticker t = ticker(3);
    eddy_aclose(&t);
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
