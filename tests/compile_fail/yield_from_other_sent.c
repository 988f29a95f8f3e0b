// error: yield_from: the sub-generator must be sent the same type
/* SPDX-License-Identifier: MIT */
/* What is sent goes straight to it. */
#include <eddy/keywords.h>
#include "common.h"

generator_full(int, long, void, g)
{
    yield_from(range(1));
}
