// error: eddy_slep
// flags: -fsyntax-only
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(eddy_slep(1));
    return 0;
}
