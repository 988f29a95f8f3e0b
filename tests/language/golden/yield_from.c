/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

generator_full(int, int, long, part)
{
    yield(1);
    return 2;
}

generator_full(int, int, long, whole)
{
// expanded:
    long result = yield_from(part());
    return result;
// end
}
