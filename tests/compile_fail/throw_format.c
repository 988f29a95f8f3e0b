// warning: format
/* SPDX-License-Identifier: MIT */
/* Messages are checked as printf's are. */
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
