// error: 'return' with no value|should return a value
/* SPDX-License-Identifier: MIT */
/* async(int, ...) returns a value. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    return;
}
