// error: yield_from needs a generator
/* SPDX-License-Identifier: MIT */
/* Python: TypeError: 'int' object is not iterable. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield_from(5);
}
