// error: yield: this generator yields nothing
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

generator(void, g)
{
    yield(1);
}
