// error: yield_from needs a generator
/* SPDX-License-Identifier: MIT */
/* Only generators delegate. */
#include "common.h"

generator(int, g)
{
    yield_from(ticker(1));
}
