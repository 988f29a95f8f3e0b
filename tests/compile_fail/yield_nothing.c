// error: yield: this generator yields a value
/* SPDX-License-Identifier: MIT */
/* yield() is for generators of void. */
#include "common.h"

generator(int, g)
{
    yield();
}
