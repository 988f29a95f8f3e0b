// error: eddy_from_generator needs a generator\(eddy_awaitable \*, \.\.\.\)
/* SPDX-License-Identifier: MIT */
/* eddy_from_generator awaits what the generator yields. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    await(eddy_from_generator(range(3)));
    return 0;
}
