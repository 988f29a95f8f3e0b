// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* A blocking function runs when it is awaited. */
#include <eddy/keywords.h>
#include "common.h"

blocking(int, hash)
{
    return 1;
}

async(int, g)
{
    hash();
    return 0;
}

int main(void)
{
    return eddy_run(g());
}
