// error: 'return' with a value|should not return a value
// flags: -fsyntax-only
/* SPDX-License-Identifier: MIT */
/* async(void, ...) has no result. */
#include <eddy/keywords.h>
#include "common.h"

async(void, g)
{
    return 5;
}
