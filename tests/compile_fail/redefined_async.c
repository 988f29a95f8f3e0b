// error: redefinition of .(struct )?f.
/* SPDX-License-Identifier: MIT */
/* One name for two functions. */
#include <eddy/keywords.h>
#include "common.h"

async(int, f, (int, n))
{
    return n + 1;
}
