/* SPDX-License-Identifier: MIT */
/* limits.c - see limits.h.  The defaults are those of asyncio. */
#define EDDY_LIBRARY
#include "io/limits.h"

#include <errno.h>
#include <stdint.h>

#include "eddy/transport.h"

enum { HIGH = 65536 };

const struct limits limits_default = {.low = HIGH / 4, .high = HIGH};

static size_t high_for(size_t low)
{
    if (low == EDDY_LIMIT_DEFAULT)
        return HIGH;
    return low > SIZE_MAX / 4 ? SIZE_MAX - 1 : 4 * low;
}

int limits_set(struct limits *limits, size_t low, size_t high)
{
    if (high == EDDY_LIMIT_DEFAULT)
        high = high_for(low);
    if (low == EDDY_LIMIT_DEFAULT)
        low = high / 4;
    if (high < low)
        return EINVAL;
    *limits = (struct limits){low, high};
    return 0;
}
