// error: eddy_transfer: both generators must yield the same type
/* SPDX-License-Identifier: MIT */
/* The consumer is not changed, so the type that it receives must not change either. */
#include <eddy/keywords.h>
#include "common.h"

generator(long, g)
{
    struct range to = range(1);
    eddy_transfer(&to);
    yield(1);
}
