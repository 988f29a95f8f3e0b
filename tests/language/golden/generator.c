/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "fold.h"

// expanded:
generator(int, countdown, (int, n))
{
    for (; n > 0; n--)
        yield(n);
}
// end
