// error: yield_from needs a generator
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: cannot 'yield from' a coroutine object in a non-coroutine generator. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield_from(f(1));
}
