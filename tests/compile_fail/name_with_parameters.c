// error: the parameters stand after the name
// plain: 80
/* SPDX-License-Identifier: MIT */
/* As in C. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g(int n))
{
    return n;
}
