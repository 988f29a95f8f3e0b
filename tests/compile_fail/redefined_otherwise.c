// error: redefinition of .(struct )?f.
/* SPDX-License-Identifier: MIT */
/* The second one is a generator with another parameter. */
#include <eddy/keywords.h>
#include "common.h"

generator(int, f, (long, n))
{
    yield((int)n);
}
