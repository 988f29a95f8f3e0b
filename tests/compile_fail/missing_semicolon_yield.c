// error: expected
/* SPDX-License-Identifier: MIT */
/* The line before ends without a semicolon. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield(1)
    yield(2);
}
