// error: this needs an array of task handles
/* SPDX-License-Identifier: MIT */
/* The elements are handles. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int t[3] = {1, 2, 3};
    await(eddy_gather_array(t, 3));
    return 0;
}
