// error: yield_outside_generator
/* SPDX-License-Identifier: MIT */
/* The compiler reports one error, not one for each member that a generator has. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    int sent = yield(1);
    return sent;
}
