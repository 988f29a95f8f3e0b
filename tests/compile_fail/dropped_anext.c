// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* The generator makes no step unless the step is awaited. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct ticker t = ticker(3);
    int v = 0;
    eddy_anext(&t, &v);
    return v;
}

int main(void)
{
    return eddy_run(g());
}
