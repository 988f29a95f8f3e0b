// error: no array can be returned
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int[3], g, (int, n))
{
    return n;
}

int main(void)
{
    return eddy_run(g(3));
}
