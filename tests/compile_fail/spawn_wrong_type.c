// error: incompatible pointer type
// flags: -fsyntax-only
// plain: 40
/* SPDX-License-Identifier: MIT */
/* A handle has the type of its coroutine. */
#include <eddy/keywords.h>
#include "common.h"

async(int, g)
{
    struct nothing *t = spawn(f(1));
    await(t);
    return 0;
}
