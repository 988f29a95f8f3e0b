// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* A gather that is not awaited does nothing. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    eddy_gather_array(&t, 1);
    return await(t);
}

int main(void)
{
    return eddy_run(g());
}
