// warning: format
/* SPDX-License-Identifier: MIT */
/* Messages are checked like the format of printf. */
#include <eddy/keywords.h>
#include "common.h"

typedef future_of(int) int_future;

async(int, g)
{
    int_future *future = eddy_future_new(int_future);
    eddy_set_error(future, EIO, "%s", 5);
    return await(future);
}

int main(void)
{
    return eddy_run(g());
}
