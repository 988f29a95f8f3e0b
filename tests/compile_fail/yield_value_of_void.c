// error: yield: this generator yields nothing: yield\(\)
// plain: 46
/* SPDX-License-Identifier: MIT */
/* A generator of void yields nothing. */
#include <eddy/keywords.h>
#include "common.h"

generator(void, g)
{
    yield(5);
}
