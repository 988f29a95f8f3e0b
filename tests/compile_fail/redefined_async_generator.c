// error: redefinition of .(struct )?ticker.
/* SPDX-License-Identifier: MIT */
#include <eddy/keywords.h>
#include "common.h"

async_generator(int, ticker, (int, n))
{
    yield(n);
}
