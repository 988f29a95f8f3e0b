// error: duplicate member
// plain: 56
/* SPDX-License-Identifier: MIT */
/* Two parameters of one name. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g, (int, n), (int, n))
{
    return n;
}
