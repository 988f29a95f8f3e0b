// error: redefinition of .(struct )?range.
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

generator(int, range, (int, n))
{
    yield(n);
}
