// error: expected
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    if (await(f(1))) {
        return 1;
    return 0;
}
