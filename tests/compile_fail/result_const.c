// error: a result is copied to the caller: leave its const out
/* SPDX-License-Identifier: MIT */
/* The caller gets a copy. */
#include <eddy/keywords.h>
#include "common.h"

async(const int, g)
{
    return 1;
}
