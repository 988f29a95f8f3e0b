// error: yield: this generator yields a value
/* SPDX-License-Identifier: MIT */
/* yield() is for generators of void. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield();
}
