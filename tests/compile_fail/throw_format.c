// warning: format
/* SPDX-License-Identifier: MIT */
/* Messages are checked like the format of printf. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    throw(EIO, "%s", 5);
}

int main(void)
{
    return eddy_run(g());
}
