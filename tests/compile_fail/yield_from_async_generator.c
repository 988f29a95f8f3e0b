// error: yield_from needs a generator
/* SPDX-License-Identifier: MIT */
/* Only generators delegate. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    yield_from(ticker(1));
}
