// warning: ignoring return value of.*unused-result
/* SPDX-License-Identifier: MIT */
/* A wait that is not awaited does nothing. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct f *t = spawn(f(1));
    eddy_wait(&t, 1, EDDY_ALL_COMPLETED);
    return await(t);
}

int main(void)
{
    return eddy_run(g());
}
