// error: incompatible types when assigning|assigning to .*'int'.* from incompatible type
/* SPDX-License-Identifier: MIT */
/* A yielded value must have the generator's type. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, g)
{
    struct point p = {1, 2};
    yield(p);
}
