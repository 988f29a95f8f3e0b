// error: yield_from: the sub-generator must yield the same type
/* SPDX-License-Identifier: MIT */
/* Its values go straight to this generator's consumer. */
#include <eddy/keywords.h>
#include "common.h"

generator(long, g)
{
    yield_from(range(1));
}
