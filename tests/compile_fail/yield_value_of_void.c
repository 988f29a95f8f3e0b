// error: yield: this generator yields nothing: yield\(\)
/* SPDX-License-Identifier: MIT */
/* A generator of void yields nothing. */
#include "common.h"

generator(void, g)
{
    yield(5);
}
