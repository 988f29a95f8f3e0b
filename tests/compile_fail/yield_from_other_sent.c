// error: yield_from: the sub-generator must be sent the same type
/* SPDX-License-Identifier: MIT */
/* Sent values go straight to the sub-generator. */
#include <eddy/keywords.h>
#include "common.h"

generator_full(int, long, void, g)
{
    yield_from(range(1));
}
